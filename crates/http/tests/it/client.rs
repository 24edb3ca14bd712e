//! Requests, answers, and what goes wrong with either.

use std::time::Duration;

use bytes::Bytes;
use iot_home_http::http::{Method, Request};
use iot_home_http::{Body, Client, Error, ErrorKind, HttpClient, Response};

use crate::server::{Act, Server, answer};

pub(crate) fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).unwrap()
}

fn client() -> Client {
    Client::builder().read_timeout(Duration::from_millis(300)).build().unwrap()
}

async fn ask(server: &Server) -> Result<Response, Error> {
    client().send(get(&server.url("/firmware?Signature=hush"))).await
}

async fn text(response: Response) -> Result<String, Error> {
    let whole = response.into_body().collect(1000).await?;
    Ok(String::from_utf8(whole.to_vec()).unwrap())
}

#[tokio::test]
async fn a_request_goes_out_as_it_is() {
    let server = Server::start([Act::Say(answer(
        "201 Created",
        "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n",
        b"done",
    ))])
    .await;
    let request = Request::builder()
        .method(Method::POST)
        .uri(server.url("/x?y=%2F"))
        .header("Cookie", "k=v")
        .body(Bytes::from_static(b"a=b"))
        .unwrap();
    let response = client().send(request).await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    assert_eq!(text(response).await.unwrap(), "done");
    let sent = server.requests().remove(0).to_lowercase();
    assert!(sent.starts_with("post /x?y=%2f http/1.1\r\n"), "{sent}");
    assert!(sent.contains("cookie: k=v\r\n") && sent.ends_with("\r\n\r\na=b"), "{sent}");
    for more in ["referer", "user-agent", "accept-encoding"] {
        assert!(!sent.contains(more), "{more} was not asked for: {sent}");
    }
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = Server::start((0..3).map(|_| Act::Say(answer("200 OK", "", b"ok")))).await;
    let client = client();
    for _ in 0..3 {
        let response = client.send(get(&server.url("/"))).await.unwrap();
        assert_eq!(text(response).await.unwrap(), "ok");
    }
    assert_eq!((server.requests().len(), server.connections()), (3, 1));
}

#[tokio::test]
async fn redirects_are_answers() {
    let server =
        Server::start([Act::Say(answer("302 Found", "Location: /elsewhere\r\n", b""))]).await;
    let response = ask(&server).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["location"]),
        (302, &"/elsewhere".parse().unwrap())
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_client_that_follows_redirects_is_told_of() {
    let server = Server::start([
        Act::Say(answer("302 Found", "Location: /elsewhere\r\n", b"")),
        Act::Say(answer("200 OK", "", b"")),
    ])
    .await;
    let tls = rustls::ClientConfig::builder_with_provider(
        rustls::crypto::ring::default_provider().into(),
    );
    let tls = tls.with_safe_default_protocol_versions().unwrap();
    let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    let theirs = reqwest::Client::builder().tls_backend_preconfigured(tls).build().unwrap();
    let error = Client::from_reqwest(theirs).send(get(&server.url("/"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirected);
    assert!(error.hint().unwrap().contains("Policy::none"));
}

#[tokio::test]
async fn nobody_listens() {
    let server = Server::start([]).await;
    let url = server.url("/firmware?Signature=hush");
    drop(server);
    // The listener is gone once its task has ended.
    let mut kinds = Vec::new();
    for _ in 0..50 {
        let error = client().send(get(&url)).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        kinds.push(error.kind());
        if error.kind() == ErrorKind::Connect {
            assert!(error.is_transient() && error.hint().is_some());
            return;
        }
    }
    panic!("{kinds:?}");
}

#[tokio::test]
async fn what_breaks_is_told_apart() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_vec();
    for (act, kind, words) in [
        (Act::SayAndClose(Vec::new()), ErrorKind::Io, "closed the connection before"),
        (Act::SayAndClose(b"HTTP/1.1 200".to_vec()), ErrorKind::Io, "closed the connection before"),
        (Act::SayAndClose(cut.clone()), ErrorKind::Io, "closed the connection before"),
        (Act::SayAndHang(Vec::new()), ErrorKind::Timeout, "was silent for too long"),
        (Act::SayAndHang(cut), ErrorKind::Timeout, "was silent for too long"),
        (
            Act::SayAndHang(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()),
            ErrorKind::Malformed,
            "what is not HTTP",
        ),
        (
            Act::SayAndHang(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n".to_vec()),
            ErrorKind::Malformed,
            "what is not HTTP",
        ),
        (
            Act::Say(answer("200 OK", "", &[b'x'; 1001])),
            ErrorKind::TooLarge,
            "more than 1000 bytes",
        ),
    ] {
        let server = Server::start([act.clone()]).await;
        let error = match ask(&server).await {
            Ok(response) => text(response).await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind(), kind, "{act:?}: {error:?}");
        assert!(error.to_string().contains(words), "{act:?}: {error}");
        // Nothing is asked twice by itself.
        assert_eq!(server.requests().len(), 1, "{act:?}");
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
            cause = error.source();
        }
    }
}

#[tokio::test]
async fn what_cannot_be_asked() {
    for url in ["/path", "ftp://127.0.0.1/", "http://user:hush@127.0.0.1/"] {
        let error = client().send(get(url)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadRequest, "{url}");
        assert!(!error.to_string().contains("hush"), "{error}");
    }
}

#[tokio::test]
async fn bodies_of_ones_own() {
    let whole = Body::from(Bytes::from_static(b"whole"));
    assert_eq!(whole.collect(5).await.unwrap(), "whole");
    assert_eq!(
        Body::from(Bytes::from_static(b"whole")).collect(4).await.unwrap_err().kind(),
        ErrorKind::TooLarge
    );
    assert_eq!(Body::from(Bytes::new()).collect(0).await.unwrap(), "");
    let pieces = || {
        let pieces = ["on", "e ", "by one"].map(|piece| Ok(Bytes::from(piece)));
        Body::from_stream(futures_util::stream::iter(pieces))
    };
    assert_eq!(pieces().collect(10).await.unwrap(), "one by one");
    assert_eq!(pieces().collect(9).await.unwrap_err().kind(), ErrorKind::TooLarge);
    let mut broken = Body::from_stream(futures_util::stream::iter([
        Ok(Bytes::from("x")),
        Err(Error::new(ErrorKind::Io, "it broke")),
        Ok(Bytes::from("never")),
    ]));
    assert_eq!(broken.chunk().await.unwrap().unwrap(), "x");
    assert_eq!(broken.chunk().await.unwrap().unwrap_err().kind(), ErrorKind::Io);
    assert!(broken.chunk().await.is_none());
}

#[tokio::test]
async fn a_proxy_is_asked_for_what_is_away_and_never_for_what_is_here() {
    let proxy = Server::start([Act::Say(answer("200 OK", "", b"by proxy"))]).await;
    let here = Server::start([Act::Say(answer("200 OK", "", b"here"))]).await;
    let client = Client::builder().proxy(&proxy.url("")).unwrap().build().unwrap();
    // A name that does not exist: whoever looks it up fails.
    let away = client.send(get("http://cloud.invalid/x")).await.unwrap();
    assert_eq!(text(away).await.unwrap(), "by proxy");
    assert!(proxy.requests()[0].starts_with("GET http://cloud.invalid/x "));
    let near = client.send(get(&here.url("/"))).await.unwrap();
    assert_eq!(text(near).await.unwrap(), "here");
    assert_eq!(proxy.requests().len(), 1);
    for bad in ["", "not an address", "gopher://proxy"] {
        assert!(Client::builder().proxy(bad).is_err(), "{bad:?}");
    }
    let hidden = Client::builder().proxy("http://user:hush@proxy.invalid").unwrap();
    assert!(!format!("{hidden:?} {:?}", hidden.clone().build().unwrap()).contains("hush"));
}
