//! How much is taken of a client, and for how long. Streams are in memory, so that an hour takes a moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{self, Instant};

use super::{Answer, MOST_BODY, MOST_HEAD, accept, serve};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// A connection to a server that says yes to everything.
fn client() -> DuplexStream {
    let (client, server) = tokio::io::duplex(64 << 10);
    tokio::spawn(serve(server, Arc::new(|_| std::future::ready(Answer::of(StatusCode::OK)))));
    client
}

/// The status of the answer; `None` where the connection ended without one.
async fn status(client: &mut (impl tokio::io::AsyncRead + Unpin)) -> Option<u16> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match client.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    std::str::from_utf8(&head).unwrap().split(' ').nth(1)?.parse().ok()
}

/// How long it takes until the server has ended the connection.
async fn ends(mut client: DuplexStream) -> Duration {
    let begin = Instant::now();
    let mut rest = Vec::new();
    time::timeout(Duration::from_secs(100_000), client.read_to_end(&mut rest))
        .await
        .expect("it ends")
        .unwrap();
    begin.elapsed()
}

/// Up to a second more: timers are coarse.
fn about(elapsed: Duration, expected: u64) -> bool {
    let expected = Duration::from_secs(expected);
    (expected..expected + Duration::from_secs(1)).contains(&elapsed)
}

#[tokio::test(start_paused = true)]
async fn half_a_head_is_waited_for_a_minute() {
    for bytes in [0, 1, REQUEST.len() - 1] {
        let mut client = client();
        client.write_all(&REQUEST[..bytes]).await.unwrap();
        let elapsed = ends(client).await;
        assert!(about(elapsed, 60), "{bytes} bytes: {elapsed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_idle_is_kept_for_a_minute() {
    let mut client = client();
    for _ in 0..3 {
        client.write_all(REQUEST).await.unwrap();
        assert_eq!(status(&mut client).await, Some(200));
        time::sleep(Duration::from_secs(59)).await;
    }
    assert!(about(ends(client).await, 1));
}

#[tokio::test(start_paused = true)]
async fn a_body_is_waited_for_ten_seconds() {
    let mut client = client();
    let begin = Instant::now();
    client.write_all(b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n").await.unwrap();
    // However many bytes come meanwhile.
    for _ in 0..9 {
        time::sleep(Duration::from_secs(1)).await;
        client.write_all(b"x").await.unwrap();
    }
    assert_eq!(status(&mut client).await, Some(408));
    assert!(about(begin.elapsed(), 10), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_body_is_taken_up_to_its_size() {
    for (length, expected) in [(MOST_BODY, 200), (MOST_BODY + 1, 413)] {
        // With its length, and in chunks without it.
        for chunked in [false, true] {
            let (mut from, mut to) = tokio::io::split(client());
            let body = vec![b'x'; length];
            let writes = tokio::spawn(async move {
                let head = match chunked {
                    true => format!("Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n"),
                    false => format!("Content-Length: {length}\r\n\r\n"),
                };
                to.write_all(format!("POST / HTTP/1.1\r\n{head}").as_bytes()).await?;
                to.write_all(&body).await?;
                to.write_all(if chunked { b"\r\n0\r\n\r\n" } else { b"" }).await
            });
            assert_eq!(status(&mut from).await, Some(expected), "{length} {chunked}");
            writes.abort();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_is_taken_up_to_its_size() {
    for (length, expected) in [(MOST_HEAD - 1000, 200), (MOST_HEAD + 1000, 431)] {
        let (mut from, mut to) = tokio::io::split(client());
        let head = format!("GET / HTTP/1.1\r\nCookie: {}\r\n\r\n", "x".repeat(length));
        let writes = tokio::spawn(async move { to.write_all(head.as_bytes()).await });
        assert_eq!(status(&mut from).await, Some(expected), "{length}");
        writes.abort();
    }
}

/// Also where it is never idle, and where nobody reads what it says.
#[tokio::test(start_paused = true)]
async fn a_connection_ends_after_an_hour() {
    let begin = Instant::now();
    let mut busy = client();
    while busy.write_all(REQUEST).await.is_ok() {
        if status(&mut busy).await.is_none() {
            break;
        }
        time::sleep(Duration::from_secs(30)).await;
        assert!(begin.elapsed() < Duration::from_secs(3700), "it goes on and on");
    }
    assert!(begin.elapsed() > Duration::from_secs(3500), "{:?}", begin.elapsed());

    let (mut client, server) = tokio::io::duplex(16);
    let large = |_| {
        let body = bytes::Bytes::from_static(&[b'x'; 4096]);
        std::future::ready(Answer::from(http::Response::new(body)))
    };
    let served = tokio::spawn(serve(server, Arc::new(large)));
    let begin = Instant::now();
    client.write_all(REQUEST).await.unwrap();
    served.await.unwrap();
    assert!(about(begin.elapsed(), 3600), "{:?}", begin.elapsed());
}

/// On real sockets, where the queue is the system's.
#[tokio::test]
async fn so_many_are_served_and_the_next_waits() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let seen = Arc::new(AtomicUsize::new(0));
    let handler = {
        let seen = Arc::clone(&seen);
        move |_| {
            seen.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Answer::of(StatusCode::OK))
        }
    };
    let task = tokio::spawn(accept(listener, Arc::new(Semaphore::new(2)), Arc::new(handler)));
    let ask = async |client: &mut TcpStream| {
        client.write_all(REQUEST).await.unwrap();
        assert_eq!(status(client).await, Some(200));
    };
    let mut inside = Vec::new();
    for _ in 0..2 {
        let mut client = TcpStream::connect(addr).await.unwrap();
        ask(&mut client).await;
        inside.push(client);
    }
    let mut outside = TcpStream::connect(addr).await.unwrap();
    outside.write_all(REQUEST).await.unwrap();
    // Those inside are answered many times, and the one outside not once.
    for _ in 0..50 {
        for client in &mut inside {
            ask(client).await;
        }
    }
    assert_eq!(seen.load(Ordering::SeqCst), 102);
    inside.pop();
    let told = time::timeout(Duration::from_secs(20), status(&mut outside)).await;
    assert_eq!(told.expect("there is a place"), Some(200));
    task.abort();
}
