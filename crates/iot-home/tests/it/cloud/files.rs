//! Sessions that are kept.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use iot_home::micloud::client::{ErrorKind, SessionFile};
use iot_home::sim::micloud::Expiry;

use super::{PASSWORD, USER, assert_clean, client_of, cloud, within};

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("iot-home-cloud-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[tokio::test]
async fn every_new_session_is_saved_and_handed_out() {
    let cloud = cloud().await;
    let folder = folder("saved");
    let file = SessionFile::new(folder.join("session.json"));
    let handed = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&handed);
    let client = client_of(&cloud)
        .session_file(file.clone())
        .on_session(move |session| to.lock().unwrap().push(session.clone()))
        .build()
        .unwrap();
    super::log_in(&client).await;
    let first = file.load().unwrap().unwrap();
    assert_eq!(Some(&first), client.session().as_ref());
    cloud.expire(Expiry::Status426);
    within(client.check_messages(0)).await.unwrap();
    let second = file.load().unwrap().unwrap();
    assert_ne!(first.services, second.services);
    assert_eq!(first.device_id, second.device_id);
    assert_eq!(*handed.lock().unwrap(), [first, second.clone()]);

    // Whoever comes later goes on with it.
    let later = client_of(&cloud).session_file(file.clone()).build().unwrap();
    assert_eq!(later.device_id(), &second.device_id);
    within(later.check_messages(0)).await.unwrap();
    assert_eq!((cloud.report().password_logins, cloud.report().pass_token_logins), (1, 1));
    assert_clean(&cloud);
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_session_that_cannot_be_saved_is_in_use_all_the_same() {
    let cloud = cloud().await;
    let folder = folder("unsaved");
    let file = SessionFile::new(folder.join("no/such/folder"));
    let client = client_of(&cloud).session_file(file).build().unwrap();
    let mut dialog = client.log_in(USER, PASSWORD);
    let error = within(dialog.challenge()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
    within(client.check_messages(0)).await.unwrap();
    // A renewal does not fail for it.
    cloud.expire(Expiry::Code2);
    within(client.check_messages(0)).await.unwrap();
    fs::write(folder.join("broken"), "hush").unwrap();
    let file = SessionFile::new(folder.join("broken"));
    let error = client_of(&cloud).session_file(file).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
    fs::remove_dir_all(folder).unwrap();
}
