//! What goes against a platform's rules, and who makes logins.

use std::time::Duration;

use iot_home_core::{Random, SeededRandom};
use iot_home_mqtt::packet::Will;
use iot_home_mqtt::platform::{Recognized, Way, whose};
use iot_home_mqtt::{Connect, Credentials, MqttLogin, Platform, Problem, Rules, Signer};

fn strict() -> Rules {
    let mut rules = Rules::MQTT;
    (rules.keep_alive, rules.will, rules.retain, rules.qos) = (30..=1200, false, false, 1);
    rules
}

#[test]
fn rules_of_a_platform() {
    let mut connect = Connect::new("lamp");
    for (keep_alive, fits) in [(0, false), (29, false), (30, true), (1200, true), (1201, false)] {
        connect.keep_alive = keep_alive;
        let problem = Problem::KeepAlive { seconds: keep_alive, low: 30, high: 1200 };
        let expected = if fits { vec![] } else { vec![problem] };
        assert_eq!(strict().problems(&connect).collect::<Vec<_>>(), expected);
        assert_eq!(Rules::MQTT.problems(&connect).count(), 0);
    }
    connect.keep_alive = 60;
    let mut will = Will::new("t", b"m");
    (will.qos, will.retain) = (2, true);
    connect.will = Some(will);
    assert_eq!(
        strict().problems(&connect).collect::<Vec<_>>(),
        [
            Problem::WillUnsupported,
            Problem::RetainUnsupported,
            Problem::QosUnsupported { qos: 2, highest: 1 }
        ]
    );
    assert_eq!(Rules::MQTT.problems(&connect).count(), 0);

    // A quality of service that there is not goes against MQTT, and is told once.
    let mut will = Will::new("t", b"m");
    will.qos = 3;
    connect.will = Some(will);
    assert_eq!(Rules::MQTT.problems(&connect).count(), 0);
    assert_eq!(strict().problems(&connect).collect::<Vec<_>>(), [Problem::WillUnsupported]);
}

#[test]
fn a_login_is_its_own_signer() {
    let login = MqttLogin::new("broker.lan", 1883, "lamp");
    let mut random = SeededRandom::new(1);
    let boxed: Box<dyn Signer> = Box::new(login.clone());
    for signer in [&boxed as &dyn Signer, &login, &&login] {
        assert_eq!(signer.login(Duration::from_secs(1), &mut random), login);
        assert_eq!(signer.rules(), &Rules::MQTT);
    }
    assert_eq!(random.next_u64(), SeededRandom::new(1).next_u64(), "it took no randomness");
}

struct Named(&'static str);

impl Platform for Named {
    fn name(&self) -> &'static str {
        self.0
    }

    fn rules(&self) -> &'static Rules {
        &Rules::MQTT
    }

    fn recognize(&self, credentials: &Credentials<'_>, way: Way) -> Option<Recognized> {
        let problems = way.is_tls().map(|tls| format!("over TLS: {tls}")).into_iter().collect();
        let fields = vec![("user", credentials.username.to_owned())];
        credentials.client_id.starts_with(self.0).then(|| Recognized::new(fields, problems))
    }
}

#[test]
fn the_first_that_knows_it() {
    let platforms: [&dyn Platform; 3] = [&Named("one"), &Named("two"), &Named("tw")];
    let credentials = Credentials::new("two-1", "me", b"pw");
    let (platform, recognized) =
        whose(&platforms, &credentials, Way::default().port(8883)).unwrap();
    assert_eq!(platform.name(), "two");
    assert_eq!(recognized.fields, [("user", "me".to_owned())]);
    assert_eq!(recognized.problems, ["over TLS: true"]);
    assert!(whose(&platforms, &Credentials::new("x", "me", b""), Way::default()).is_none());
    let ways = [
        (Way::default(), None),
        (Way::default().port(1883), None),
        (Way::default().port(443), Some(true)),
        (Way::default().port(80), Some(false)),
        (Way::default().port(8883).tls(false), Some(false)),
        (Way::default().tls(true), Some(true)),
    ];
    for (way, tls) in ways {
        assert_eq!(way.is_tls(), tls, "{way:?}");
    }
}
