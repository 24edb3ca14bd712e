//! The file of a session.

use std::fs;
use std::path::PathBuf;

use iot_home_micloud::Session;
use iot_home_micloud::client::ErrorKind;
use iot_home_sim::micloud::Expiry;

use super::{PASSWORD, USER, account, client, cloud_of, play};

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[tokio::test]
async fn a_session_is_kept_used_again_and_kept_anew_when_it_was_renewed() {
    let folder = folder("kept");
    let file = folder.join("session.json");
    let cloud = cloud_of(account()).spawn().await.unwrap();
    let first = client(&cloud).session_file(&file).build().unwrap();
    play(first.log_in(USER, PASSWORD), |_| panic!("nothing is asked")).await.unwrap();
    let kept = Session::load(&file).unwrap().unwrap();
    assert_eq!(Some(&kept), first.session().as_deref());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let second = client(&cloud).session_file(&file).build().unwrap();
    second.devices().await.unwrap();
    cloud.expire(Expiry::Message);
    second.devices().await.unwrap();
    let renewed = Session::load(&file).unwrap().unwrap();
    assert_eq!(Some(&renewed), second.session().as_deref());
    assert!(renewed != kept);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
    assert_eq!(cloud.report().password_logins, 1);
}

#[cfg(unix)]
#[test]
fn a_file_is_replaced_and_not_written_into() {
    let file = folder("replaced").join("session.json");
    let session = Session::new("ABCDEFGHIJKLMNOP".parse().unwrap(), "1");
    session.save(&file).unwrap();
    let old = fs::File::open(&file).unwrap();
    Session::new("ABCDEFGHIJKLMNOP".parse().unwrap(), "2").save(&file).unwrap();
    let before = std::io::read_to_string(old).unwrap();
    assert_eq!(Session::from_json(&before).unwrap().user_id, "1", "a reader keeps what it opened");
    assert_eq!(Session::load(&file).unwrap().unwrap().user_id, "2");
}

#[test]
fn errors_name_the_file_and_nothing_in_it() {
    let folder = folder("errors");
    let file = folder.join("session.json");
    assert_eq!(Session::load(&file).unwrap(), None);
    fs::write(&file, r#"{"version":1,"pass_token":"V1:made-up"#).unwrap();
    let error = Session::load(&file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
    let text = format!("{error} {error:?}");
    assert!(text.contains("session.json") && !text.contains("made-up"), "{text}");
    let session = Session::new("ABCDEFGHIJKLMNOP".parse().unwrap(), "1");
    let error = session.save(&folder.join("missing").join("s.json")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
    assert!(error.to_string().contains("missing"), "{error}");
}
