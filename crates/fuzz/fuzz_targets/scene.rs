//! Any datagrams for a listener: what it takes it answers, and nothing fires twice. And any scene for a device:
//! it is stored or refused.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use iot_home_core::{Instant, SeededRandom};
use iot_home_miio::gateway::Sid;
use iot_home_miio::packet::Header;
use iot_home_miio::scene::{Listener, Scene, SceneNumber, TARGET_DID};
use iot_home_miio::{Cipher, Token};
use iot_home_sim::SimDevice;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

const NOW: u32 = 1_700_000_000;
const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 20));

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Raw(&'a [u8]),
    Sealed { stamp: u32, payload: &'a [u8] },
    Fires { id: i8, late: i8, method: &'a str },
    Wait { seconds: u8 },
    Store { data: &'a str },
    Make { source: &'a str, model: &'a str, event: &'a str, action: &'a str, extra: &'a str },
}

fuzz_target!(|steps: Vec<Step<'_>>| {
    let token = Token::new([7; 16]);
    let cipher = Cipher::new(&token);
    let seal = |did, stamp, payload: &[u8]| {
        let mut packet = vec![0; Cipher::sealed_len(payload.len())];
        cipher.seal(Header { did, stamp }, payload, &mut packet).map(|_| packet)
    };
    let mut listener = Listener::default();
    listener.add(SOURCE, token.clone());
    let mut device = SimDevice::builder().did(9).token(token.clone()).scenes(None).build().unwrap();
    let (mut seconds, mut ids) = (0_u32, 0_u32);
    for step in steps {
        let now = Instant::from_origin(Duration::from_secs(seconds.into()));
        let clock = NOW + seconds;
        let datagram = match step {
            Step::Raw(bytes) => Ok(bytes.to_vec()),
            Step::Sealed { stamp, payload } => seal(TARGET_DID, stamp, payload),
            Step::Fires { id, late, method } => {
                let method = serde_json::Value::from(format!("chuangmi.plug.v3.{method}"));
                let text = format!(r#"{{"id":{id},"method":{method},"params":[]}}"#);
                seal(TARGET_DID, clock.saturating_add_signed(late.into()), text.as_bytes())
            }
            Step::Wait { seconds: more } => {
                seconds += u32::from(more);
                continue;
            }
            Step::Store { data } => {
                ids += 1;
                let data = serde_json::Value::from(data);
                let text = format!(
                    r#"{{"id":{ids},"method":"send_data_frame","params":{{"cur":0,"data":{data},"data_tkn":29576,"total":1,"type":"scene"}}}}"#
                );
                if let Ok(mut packet) = seal(9, device.stamp(now), text.as_bytes()) {
                    let from = (Ipv4Addr::LOCALHOST, 4000).into();
                    device.handle_datagram(now, from, &mut packet);
                    let stored = u64::try_from(device.scenes().count()).expect("few");
                    assert!(stored + device.report().violations.total() >= 1);
                    assert!(stored <= 64);
                }
                continue;
            }
            Step::Make { source, model, event, action, extra } => {
                let _ = source.parse::<Sid>();
                if let Ok(scene) = Scene::new(source, model, event, action, extra) {
                    let ip = Ipv4Addr::LOCALHOST;
                    let random = &mut SeededRandom::new(1);
                    let request = scene.store(SceneNumber::FIRST, ip, &cipher, random);
                    assert!(request.is_ok(), "a short request");
                }
                continue;
            }
        };
        let Ok(datagram) = datagram else { continue };
        let (answer, fired) = listener.handle_datagram(now, clock, SOURCE, &mut datagram.clone());
        assert!(answer.is_some() || fired.is_none(), "something fired and was not answered");
        let (_, again) = listener.handle_datagram(now, clock, SOURCE, &mut datagram.clone());
        assert_eq!(again, None, "it fired twice");
    }
});
