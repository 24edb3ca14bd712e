//! A session that is asked for a hello and nothing else, in virtual time.

use std::time::Duration;

use iot_home_core::{Did, Instant, SeededRandom};
use iot_home_miio::packet::{HELLO, HelloField, HelloReply};
use iot_home_miio::session::{Config, Event};
use iot_home_miio::{Failure, Session, Token};

fn at(millis: u64) -> Instant {
    Instant::from_origin(Duration::from_millis(millis))
}

fn session() -> Session {
    Session::new(&Token::new([7; 16]), Config::default(), &mut SeededRandom::new(1))
}

fn reply() -> [u8; 32] {
    HelloReply::new(51_880_628, 1000, HelloField::HiddenFf).encode()
}

/// Sends what is due, which is hellos only, and says how many.
fn hellos(session: &mut Session, now: Instant) -> u32 {
    let mut buffer = Vec::new();
    let mut hellos = 0;
    while let Some(datagram) = session.poll_transmit(now, &mut buffer) {
        assert_eq!(datagram, HELLO);
        hellos += 1;
    }
    hellos
}

#[test]
fn the_answer_ends_it_for_all_that_asked() {
    let mut session = session();
    session.greet(at(0), at(5000));
    session.greet(at(1), at(3000));
    assert_eq!(hellos(&mut session, at(1)), 1);
    assert_eq!(session.poll_event(), None);
    session.handle_datagram(at(9), &mut reply());
    let greeted = Event::Greeted { result: Ok(Did::from(51_880_628_u64)) };
    assert_eq!(session.poll_event().as_ref(), Some(&greeted));
    assert_eq!(session.poll_event(), None);
    assert_eq!(session.poll_timeout(), None, "nothing is left to wait for");

    // It is known now.
    session.greet(at(20), at(5000));
    assert_eq!(hellos(&mut session, at(20)), 0);
    assert_eq!(session.poll_event(), Some(greeted));
}

#[test]
fn silence_ends_it_at_the_last_deadline() {
    let mut session = session();
    session.greet(at(0), at(1000));
    session.greet(at(0), at(2000));
    let mut sent = hellos(&mut session, at(0));
    let mut now = at(0);
    let ended = loop {
        if let Some(event) = session.poll_event() {
            break event;
        }
        let next = session.poll_timeout().unwrap();
        assert!(next > now, "time goes on");
        now = next;
        session.handle_timeout(now);
        sent += hellos(&mut session, now);
    };
    assert_eq!(now, at(2000));
    // At 0, 200, 600 and 1400 ms.
    assert_eq!(sent, 4);
    assert_eq!(ended, Event::Greeted { result: Err(Failure::NoHello { hellos: 4 }) });

    // Late answers are of use still; nobody waits for them.
    session.handle_datagram(at(2001), &mut reply());
    assert_eq!(session.poll_event(), None);
    assert_eq!(session.did(), Some(Did::from(51_880_628_u64)));
}

#[test]
fn a_hello_answered_elsewhere_ends_it_too() {
    let mut session = session();
    session.greet(at(0), at(1000));
    hellos(&mut session, at(0));
    session.introduce(at(3), 7, 1000);
    assert_eq!(session.poll_event(), Some(Event::Greeted { result: Ok(Did::from(7_u64)) }));
}
