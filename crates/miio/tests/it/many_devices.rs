//! Many devices on one client: how many requests are on their way, and who waits for whom.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join_all;
use iot_home_core::{Clock, PropertyId, SystemClock};
use iot_home_miio::client::ErrorKind;
use iot_home_miio::responder::{Incoming, Responder};
use iot_home_miio::{Client, Request, Token};
use tokio::net::UdpSocket;
use tokio::task::yield_now;
use tokio::time::timeout;

const TOKEN: [u8; 16] = [7; 16];

/// A device whose answers are given by hand.
struct Device {
    socket: UdpSocket,
    responder: Responder,
}

impl Device {
    async fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        Self { socket, responder: Responder::new(7, Token::new(TOKEN)) }
    }

    fn addr(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// The next request, hellos being answered on the way; none within this time.
    async fn request_within(&mut self, wait: Duration) -> Option<(i64, SocketAddr)> {
        timeout(wait, async {
            let mut buffer = [0; 1024];
            loop {
                let (length, from) = self.socket.recv_from(&mut buffer).await.unwrap();
                match self.responder.receive(1000, &mut buffer[..length]) {
                    Ok(Incoming::Request(request)) => return (request.id, from),
                    Ok(_) => {
                        let reply = self.responder.hello_reply(1000);
                        self.socket.send_to(&reply, from).await.unwrap();
                    }
                    Err(refusal) => panic!("{refusal}"),
                }
            }
        })
        .await
        .ok()
    }

    async fn answer(&self, (id, to): (i64, SocketAddr)) {
        let reply = self.responder.reply(1000, id, "[1]").unwrap();
        self.socket.send_to(&reply, to).await.unwrap();
    }
}

/// How long devices that hold their answers back wait for one more request. Well below the time after
/// which a request is repeated and gives its turn away.
const STILL: Duration = Duration::from_millis(30);

#[tokio::test]
async fn no_more_are_on_their_way_than_allowed() {
    const DEVICES: usize = 40;
    const ALLOWED: usize = 8;
    let devices = join_all((0..DEVICES).map(|_| Device::start())).await;
    let client = Client::builder().in_flight_overall(ALLOWED).bind().await.unwrap();
    let handles: Vec<_> =
        devices.iter().map(|device| client.device(device.addr(), Token::new(TOKEN))).collect();
    let calls = join_all(handles.iter().map(|handle| handle.call::<[u8; 1]>("get_prop", ["on"])));

    // Each device tells of its request, and answers when it is told to.
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    for mut device in devices {
        let tell = tell.clone();
        tokio::spawn(async move {
            let request = device.request_within(Duration::from_secs(5)).await.unwrap();
            let (go, may_go) = tokio::sync::oneshot::channel();
            tell.send(go).unwrap();
            may_go.await.unwrap();
            device.answer(request).await;
        });
    }
    drop(tell);
    let most = async {
        let mut most = 0;
        let mut held = Vec::new();
        loop {
            match timeout(STILL, told.recv()).await {
                Ok(Some(go)) => held.push(go),
                Ok(None) => return most.max(held.len()),
                Err(_) => {
                    most = most.max(held.len());
                    // One at a time: the next request comes only now.
                    held.drain(..).for_each(|go| go.send(()).unwrap());
                }
            }
        }
    };
    let (answers, most) = tokio::join!(calls, most);
    for answer in answers {
        assert_eq!(answer.unwrap(), [1]);
    }
    assert_eq!(most, ALLOWED);
}

/// Something is asked of four devices that say nothing, which is all that may be on its way; another one is
/// answered before they are given up.
async fn others_are_answered_while<T>(ask: impl AsyncFn(&iot_home_miio::Device) -> T) {
    let silent = join_all((0..4).map(|_| Device::start())).await;
    let mut device = Device::start().await;
    let client = Client::builder().in_flight_overall(4).bind().await.unwrap();
    let handles: Vec<_> =
        silent.iter().map(|device| client.device(device.addr(), Token::new(TOKEN))).collect();
    let waiting = join_all(handles.iter().map(|handle| ask(handle)));
    let other = client.device(device.addr(), Token::new(TOKEN));
    let answered = async {
        let serve = async {
            let request = device.request_within(Duration::from_secs(4)).await.unwrap();
            device.answer(request).await;
        };
        tokio::join!(other.call::<[u8; 1]>("get_prop", ["on"]), serve).0
    };
    tokio::select! {
        biased;
        _ = waiting => panic!("the silent ones ended first"),
        answered = answered => assert_eq!(answered.unwrap(), [1]),
    }
}

#[tokio::test]
async fn silent_devices_hold_up_no_others() {
    others_are_answered_while(async |device| device.call::<[u8; 1]>("get_prop", ["on"]).await)
        .await;
}

#[tokio::test]
async fn devices_that_answer_no_hello_hold_up_no_others() {
    let ids = [PropertyId::new(2, 1)];
    others_are_answered_while(async |device| device.get_properties(ids).await).await;
}

/// A task that begins thousands of calls at once has them in the queue at once. What waits there is not polled
/// again for every few that get on, which would cost more for each call the more of them there are.
#[tokio::test]
async fn calls_begun_at_once_in_one_task_wait_without_being_polled() {
    const CALLS: usize = 2_000;
    let silent = Device::start().await;
    let client = Client::builder().in_flight(CALLS).in_flight_overall(1).bind().await.unwrap();
    let handle = client.device(silent.addr(), Token::new(TOKEN));
    let polls = Cell::new(0);
    let mut calls = pin!(join_all((0..CALLS).map(|_| {
        let mut call = Box::pin(handle.call::<[u8; 1]>("get_prop", ["on"]));
        let polls = &polls;
        poll_fn(move |cx| {
            polls.set(polls.get() + 1);
            call.as_mut().poll(cx)
        })
    })));
    for _ in 0..CALLS / 100 {
        let pending = poll_fn(|cx| Poll::Ready(calls.as_mut().poll(cx).is_pending())).await;
        assert!(pending);
        // With a new budget.
        yield_now().await;
    }
    assert!(polls.get() <= 2 * CALLS, "{} polls for {CALLS} calls", polls.get());
}

#[tokio::test]
async fn many_calls_for_one_device_hold_up_no_others() {
    let mut busy = Device::start().await;
    let mut device = Device::start().await;
    let client = Client::builder().in_flight(2).in_flight_overall(4).bind().await.unwrap();
    let crowded = client.device(busy.addr(), Token::new(TOKEN));
    let other = client.device(device.addr(), Token::new(TOKEN));
    let crowd = join_all((0..20).map(|_| crowded.call::<[u8; 1]>("get_prop", ["on"])));
    let talk = async {
        let first = busy.request_within(Duration::from_secs(4)).await.unwrap();
        let second = busy.request_within(Duration::from_secs(4)).await.unwrap();
        let call = other.call::<[u8; 1]>("get_prop", ["on"]);
        let serve = async {
            let request = device.request_within(Duration::from_secs(4)).await.unwrap();
            // None of the first two was repeated before: it was not their silence that made room.
            assert!(busy.request_within(Duration::ZERO).await.is_none());
            device.answer(request).await;
        };
        let (answer, ()) = tokio::join!(call, serve);
        assert_eq!(answer.unwrap(), [1]);
        busy.answer(first).await;
        busy.answer(second).await;
        for _ in 2..20 {
            let next = busy.request_within(Duration::from_secs(4)).await.unwrap();
            busy.answer(next).await;
        }
    };
    let (answers, ()) = tokio::join!(crowd, talk);
    for answer in answers {
        assert_eq!(answer.unwrap(), [1]);
    }
}

#[tokio::test]
async fn waiting_for_a_turn_takes_the_calls_own_time() {
    let mut device = Device::start().await;
    let client = Client::builder().in_flight(1).in_flight_overall(1).bind().await.unwrap();
    let handle = client.device(device.addr(), Token::new(TOKEN));
    let request = || Request::new("get_prop", ["on"]).unwrap();
    let first = handle.request(request());
    let second = async {
        let held = device.request_within(Duration::from_secs(4)).await.unwrap();
        let late = handle.request(request().timeout(Duration::from_millis(50))).await;
        let error = late.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        device.answer(held).await;
    };
    let (answer, ()) = tokio::join!(first, second);
    assert_eq!(answer.unwrap().text(), "[1]");
    // Its turn was given back all the same.
    let serve = async {
        let request = device.request_within(Duration::from_secs(4)).await.unwrap();
        device.answer(request).await;
    };
    assert!(tokio::join!(handle.request(request()), serve).0.is_ok());
}

#[tokio::test]
async fn what_waiting_took_is_not_there_for_the_answer() {
    let mut device = Device::start().await;
    let client = Client::builder().in_flight(1).bind().await.unwrap();
    let handle = client.device(device.addr(), Token::new(TOKEN));
    let request = || Request::new("get_prop", ["on"]).unwrap();
    let clock = SystemClock::new();
    let held = async {
        let held = device.request_within(Duration::from_secs(4)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(600)).await;
        device.answer(held).await;
    };
    let late = handle.request(request().timeout(Duration::from_secs(1)));
    let (first, late, ()) = tokio::join!(handle.request(request()), late, held);
    assert!(first.is_ok());
    assert!(late.unwrap_err().is_timeout());
    let took = clock.now().since_origin();
    assert!(took < Duration::from_millis(1400), "{took:?}");
}

#[tokio::test]
async fn a_call_given_up_gives_its_turn_back() {
    let mut device = Device::start().await;
    let client = Client::builder().in_flight(1).in_flight_overall(1).bind().await.unwrap();
    let handle = client.device(device.addr(), Token::new(TOKEN));
    let request = || Request::new("get_prop", ["on"]).unwrap();
    tokio::select! {
        ended = handle.request(request()) => panic!("{ended:?}"),
        held = device.request_within(Duration::from_secs(4)) => assert!(held.is_some()),
    }
    let serve = async {
        let request = device.request_within(Duration::from_secs(4)).await.unwrap();
        device.answer(request).await;
    };
    let (answer, ()) = tokio::join!(handle.request(request()), serve);
    assert_eq!(answer.unwrap().text(), "[1]");
}

#[tokio::test]
async fn a_device_never_heard_of_is_greeted_from_the_one_socket() {
    let mut device = Device::start().await;
    let client = Client::bind().await.unwrap();
    let handle = client.device(device.addr(), Token::new(TOKEN));
    let ids = || [PropertyId::new(2, 1)];
    let serve = async {
        let mut buffer = [0; 1024];
        let (length, from) = device.socket.recv_from(&mut buffer).await.unwrap();
        assert_eq!((length, from.port()), (32, client.local_addr().port()));
        device.socket.send_to(&device.responder.hello_reply(1000), from).await.unwrap();
        let (id, to) = device.request_within(Duration::from_secs(4)).await.unwrap();
        let value = r#"[{"did":"7","siid":2,"piid":1,"code":0,"value":true}]"#;
        let reply = device.responder.reply(1000, id, value).unwrap();
        device.socket.send_to(&reply, to).await.unwrap();
    };
    let (values, ()) = tokio::join!(handle.get_properties(ids()), serve);
    assert_eq!(values.unwrap()[0].value, Some(true.into()));
    assert_eq!(handle.did(), Some(7_u64.into()));

    // Where there is no device, that is what is said, after the time of the call.
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let hasty = Client::builder().timeout(Duration::from_millis(550)).bind().await.unwrap();
    let nobody = hasty.device(silent.local_addr().unwrap(), Token::new(TOKEN));
    let error = nobody.get_properties(ids()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoHello, "{error}");
    assert!(error.to_string().contains("(2 sent)"), "{error}");

    let other_family: SocketAddr = "[::1]:54321".parse().unwrap();
    let error = client.device(other_family, Token::new(TOKEN)).get_properties(ids()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::BadInput);
}
