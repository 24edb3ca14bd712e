//! Logins that end, each in the words that were seen.

use iot_home_micloud::{ApiError, Call, Login};
use iot_home_sim::micloud::Expiry;
use serde_json::{Value, json};

use super::cloud;
use super::wire::{Caller, hosts, identity, json_of, play};

#[tokio::test]
async fn every_shape_is_known_to_our_envelope_and_ends_with_a_new_login() {
    for expiry in Expiry::ALL {
        let cloud = cloud().spawn().await.unwrap();
        let mut caller = Caller::new(&cloud).await;
        cloud.expire(expiry);
        let path = "/home/device_list";
        let nonce = caller.nonce();
        let form = caller.form(nonce, path, "{}");
        let answer = caller.post(path, &form.to_urlencoded()).await;
        let json = json_of(&answer);
        let wanted = match expiry {
            Expiry::Status401 => (401, 3, "auth error"),
            Expiry::Status403 => (403, 3, "auth error"),
            Expiry::Status421 => (421, 3, "auth error"),
            Expiry::Status426 => (426, 0, "SERVICETOKEN_EXPIRED"),
            Expiry::Code2 => (200, 2, "auth err"),
            Expiry::Code3 => (200, 3, "serviceToken expired"),
            Expiry::Code4 => (200, 4, "auth err"),
            Expiry::Message => (200, 0, "SERVICETOKEN_EXPIRED"),
            Expiry::InvalidSignature => (200, 0, "invalid signature"),
            other => panic!("what is {other:?}?"),
        };
        assert_eq!(
            (answer.status, &json["code"], &json["message"]),
            (wanted.0, &wanted.1.into(), &wanted.2.into())
        );
        let api = iot_home_micloud::Api::new(Default::default(), identity());
        let credentials = caller.session.credentials("xiaomiio").unwrap();
        let call = Call::<Value>::new(path, "{}").unwrap();
        let time = std::time::Duration::from_secs(1);
        let signed = api.sign(&call, &credentials, time, &mut caller.random);
        assert!(matches!(signed.open(&answer), Err(ApiError::Expired(_))), "{expiry:?}");
        let renew = Login::renew(identity(), &caller.session).unwrap().hosts(hosts(&cloud));
        caller.session = play(renew, |_| panic!("nothing is asked")).await.0.unwrap();
        assert_eq!(caller.call(path, &json!({})).await["code"], 0);
        let report = cloud.report();
        assert_eq!((report.expired, report.pass_token_logins, report.called(path)), (1, 1, 1));
        assert_eq!(report.violations.total(), 0);
    }
}
