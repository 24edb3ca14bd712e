//! What a login leaves behind: written and read again.

use iot_home_micloud::{Session, SessionError};
use serde_json::{Value, json};

use crate::answers::session;

#[test]
fn what_is_written_is_read() {
    let mut session = session();
    session.pass_token = Some("V1:x/y+z==".to_owned().into());
    session.c_user_id = Some("c-1".into());
    let mut other = session.services["xiaomiio"].clone();
    other.service_token = "another".to_owned().into();
    session.services.insert("micoapi".into(), other);
    let json = session.expose_json();
    assert_eq!(Session::from_json(json.expose()), Ok(session.clone()));
    session.pass_token = None;
    session.services.clear();
    assert_eq!(Session::from_json(session.expose_json().expose()), Ok(session));
}

#[test]
fn what_is_no_session_is_refused() {
    let good: Value = serde_json::from_str(session().expose_json().expose()).unwrap();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut value = good.clone();
        change(&mut value);
        Session::from_json(&value.to_string())
    };
    assert!(changed(&|_| ()).is_ok());
    assert_eq!(changed(&|v| v["version"] = json!(2)), Err(SessionError::Version(2)));
    assert_eq!(changed(&|v| v["version"] = json!("1")), Err(SessionError::Json));
    assert_eq!(changed(&|v| v["services"] = json!([])), Err(SessionError::Json));
    assert_eq!(changed(&|v| v["device_id"] = json!("a b")), Err(SessionError::Field("device_id")));
    assert_eq!(changed(&|v| v["user_id"] = json!("1;2")), Err(SessionError::Field("user_id")));
    assert_eq!(changed(&|v| v["user_id"] = json!("")), Err(SessionError::Field("user_id")));
    assert_eq!(
        changed(&|v| v["pass_token"] = json!("a\nb")),
        Err(SessionError::Field("pass_token"))
    );
    let keys = |key: &str, text: &str| {
        changed(&|v| v["services"]["xiaomiio"][key] = json!(text)).unwrap_err()
    };
    assert_eq!(keys("ssecurity", "?"), SessionError::Field("ssecurity"));
    assert_eq!(keys("service_token", "a b"), SessionError::Field("service_token"));
    assert_eq!(Session::from_json(""), Err(SessionError::Json));
    // A later minor change may add fields.
    assert!(changed(&|v| v["more"] = json!(1)).is_ok());
}
