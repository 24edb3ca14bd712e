//! Files: whole, in pieces, wrong, too large, refused.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iot_home_http::{Client, Digest, Download, DownloadError};
use md5::{Digest as _, Md5};

use crate::server::{Act, Server, answer};

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("download-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("firmware.bin")
    }

    fn part(&self) -> PathBuf {
        self.0.join("firmware.bin.part")
    }

    /// What is in it.
    fn names(&self) -> Vec<String> {
        let names = std::fs::read_dir(&self.0).unwrap();
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn image() -> Vec<u8> {
    (0..100_000_u32).flat_map(|n| n.to_le_bytes()).collect()
}

fn digest(bytes: &[u8]) -> Digest {
    Digest::Md5(Md5::digest(bytes).into())
}

fn download(folder: &Folder) -> Download {
    let image = image();
    Download::new(folder.file(), image.len() as u64, digest(&image)).tries(3)
}

fn client() -> Client {
    Client::builder().read_timeout(Duration::from_millis(300)).build().unwrap()
}

/// An answer that breaks after so many bytes of its body.
fn cut(status: &str, headers: &str, body: &[u8], after: usize) -> Act {
    let mut all = answer(status, headers, body);
    all.truncate(all.len() - body.len() + after);
    Act::SayAndClose(all)
}

fn rest(image: &[u8], from: usize) -> Act {
    let headers = format!("Content-Range: bytes {from}-{}/{}\r\n", image.len() - 1, image.len());
    Act::Say(answer("206 Partial Content", &headers, &image[from..]))
}

fn ranges(server: &Server) -> Vec<Option<String>> {
    let header = |request: &String| {
        let range = request.lines().find_map(|line| line.strip_prefix("range: "));
        range.map(ToOwned::to_owned)
    };
    server.requests().iter().map(header).collect()
}

fn is_whole(folder: &Folder) {
    assert_eq!(std::fs::read(folder.file()).unwrap(), image());
    assert_eq!(folder.names(), ["firmware.bin"]);
}

#[tokio::test]
async fn at_once() {
    let (folder, image) = (Folder::new(), image());
    let server = Server::start([Act::Say(answer("200 OK", "", &image))]).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let mut download = download(&folder).on_progress(move |bytes| told.lock().unwrap().push(bytes));
    download.run(&client(), &server.url("/f")).await.unwrap();
    is_whole(&folder);
    let seen = seen.lock().unwrap();
    assert!(seen.is_sorted() && seen.last() == Some(&400_000), "{seen:?}");
    assert_eq!(ranges(&server), [None]);
    assert!(server.requests()[0].contains("accept-encoding: identity"));
}

#[tokio::test]
async fn a_broken_connection_is_gone_on_from() {
    let (folder, image) = (Folder::new(), image());
    let server = Server::start([
        cut("200 OK", "ETag: \"v1\"\r\n", &image, 70_000),
        Act::SayAndClose(Vec::new()),
        Act::Say(answer("503 Service Unavailable", "", b"")),
        rest(&image, 70_000),
    ])
    .await;
    // Two failures without a byte gained are fewer than three.
    download(&folder).run(&client(), &server.url("/f")).await.unwrap();
    is_whole(&folder);
    let rest = Some("bytes=70000-".to_owned());
    assert_eq!(ranges(&server), [None, rest.clone(), rest.clone(), rest]);
    assert!(server.requests()[1].contains("if-range: \"v1\""));
}

/// The tag is that of the last answer, and one that tells no bytes apart is none.
#[tokio::test]
async fn what_is_gone_on_from_has_to_be_the_same() {
    let (folder, image) = (Folder::new(), image());
    let server = Server::start([
        cut("200 OK", "ETag: \"v1\"\r\n", &image, 70_000),
        cut("200 OK", "ETag: \"v2\"\r\n", &image, 80_000),
        cut("200 OK", "ETag: W/\"v3\"\r\n", &image, 90_000),
        rest(&image, 90_000),
    ])
    .await;
    download(&folder).run(&client(), &server.url("/f")).await.unwrap();
    is_whole(&folder);
    let header = |request: &String| {
        request.lines().find_map(|line| line.strip_prefix("if-range: ")).map(ToOwned::to_owned)
    };
    let told: Vec<_> = server.requests().iter().map(header).collect();
    assert_eq!(told, [None, Some("\"v1\"".into()), Some("\"v2\"".into()), None]);
}

#[tokio::test]
async fn an_address_that_expires_is_replaced_and_what_is_there_is_kept() {
    let (folder, image) = (Folder::new(), image());
    let server = Server::start([
        cut("200 OK", "", &image, 100),
        Act::Say(answer("403 Forbidden", "", b"<Error>expired</Error>")),
        rest(&image, 100),
    ])
    .await;
    let mut download = download(&folder);
    let error = download.run(&client(), &server.url("/old")).await.unwrap_err();
    assert!(error.wants_another_address(), "{error}");
    assert_eq!(std::fs::metadata(folder.part()).unwrap().len(), 100);
    download.run(&client(), &server.url("/new")).await.unwrap();
    is_whole(&folder);
    assert!(server.requests()[2].starts_with("GET /new "));
}

#[tokio::test]
async fn what_an_earlier_program_left_is_gone_on_from() {
    let (folder, image) = (Folder::new(), image());
    std::fs::write(folder.part(), &image[..399_999]).unwrap();
    let server = Server::start([rest(&image, 399_999)]).await;
    download(&folder).run(&client(), &server.url("/f")).await.unwrap();
    is_whole(&folder);
    // All of it may be there already; then nothing is asked.
    std::fs::rename(folder.file(), folder.part()).unwrap();
    download(&folder).run(&client(), &server.url("/f")).await.unwrap();
    is_whole(&folder);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn leftovers_of_another_file_are_thrown_away() {
    let image = image();
    for left in [vec![7; 300_000], vec![7; 400_000], vec![7; 400_001]] {
        let folder = Folder::new();
        std::fs::write(folder.part(), &left).unwrap();
        let acts = [
            (left.len() == 300_000).then(|| rest(&image, 300_000)),
            Some(Act::Say(answer("200 OK", "", &image))),
        ];
        let server = Server::start(acts.into_iter().flatten()).await;
        download(&folder).run(&client(), &server.url("/f")).await.unwrap();
        is_whole(&folder);
        assert_eq!(ranges(&server).last(), Some(&None), "{} bytes", left.len());
    }
}

#[tokio::test]
async fn a_server_without_ranges_begins_anew() {
    let (folder, image) = (Folder::new(), image());
    let server =
        Server::start([cut("200 OK", "", &image, 70_000), Act::Say(answer("200 OK", "", &image))])
            .await;
    download(&folder).run(&client(), &server.url("/f")).await.unwrap();
    is_whole(&folder);
}

#[tokio::test]
async fn nothing_behind_the_end() {
    let (folder, image) = (Folder::new(), image());
    std::fs::write(folder.part(), &image[..100]).unwrap();
    let server = Server::start([
        Act::Say(answer("416 Range Not Satisfiable", "", b"")),
        Act::Say(answer("200 OK", "", &image)),
    ])
    .await;
    download(&folder).run(&client(), &server.url("/f")).await.unwrap();
    is_whole(&folder);
}

#[tokio::test]
async fn a_wrong_digest_leaves_nothing() {
    let (folder, mut image) = (Folder::new(), image());
    image[200_000] ^= 1;
    let server = Server::start([Act::Say(answer("200 OK", "", &image))]).await;
    let error = download(&folder).run(&client(), &server.url("/f")).await.unwrap_err();
    assert!(matches!(error, DownloadError::Digest), "{error}");
    assert!(!error.wants_another_address());
    assert_eq!(folder.names(), [""; 0]);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_wrong_digest_of_pieces_is_tried_once_more() {
    let (folder, mut image) = (Folder::new(), image());
    image[200_000] ^= 1;
    let halves = [cut("200 OK", "", &image, 70_000), rest(&image, 70_000)];
    let server = Server::start(halves.clone().into_iter().chain(halves)).await;
    let error = download(&folder).run(&client(), &server.url("/f")).await.unwrap_err();
    assert!(matches!(error, DownloadError::Digest), "{error}");
    assert_eq!((folder.names(), server.requests().len()), (Vec::new(), 4));
}

#[tokio::test]
async fn more_than_was_announced() {
    let mut larger = image();
    larger.push(0);
    let chunked = {
        let mut all = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n61a81\r\n".to_vec();
        all.extend_from_slice(&larger);
        all.extend_from_slice(b"\r\n0\r\n\r\n");
        all
    };
    for act in [Act::Say(answer("200 OK", "", &larger)), Act::Say(chunked)] {
        let folder = Folder::new();
        let server = Server::start([act]).await;
        let error = download(&folder).run(&client(), &server.url("/f")).await.unwrap_err();
        assert!(matches!(error, DownloadError::Size { announced: 400_000, .. }), "{error}");
        assert!(!folder.file().exists());
        assert_eq!(std::fs::metadata(folder.part()).map_or(0, |part| part.len()), 0);
    }
    // One that is too short is not asked for again.
    let (folder, image) = (Folder::new(), image());
    let server = Server::start([Act::Say(answer("200 OK", "", &image[..399_999]))]).await;
    let error = download(&folder).run(&client(), &server.url("/f")).await.unwrap_err();
    assert!(matches!(error, DownloadError::Size { found: 399_999, .. }), "{error}");
    assert_eq!(server.requests().len(), 1);
    std::fs::write(folder.part(), &image[..100]).unwrap();
    let other = "Content-Range: bytes 100-400000/400001\r\n";
    let server = Server::start([Act::Say(answer("206 Partial Content", other, &image))]).await;
    let error = download(&folder).run(&client(), &server.url("/f")).await.unwrap_err();
    assert!(matches!(error, DownloadError::Size { found: 400_001, .. }), "{error}");
}

#[tokio::test]
async fn more_than_is_allowed_is_not_asked_for() {
    let folder = Folder::new();
    let server = Server::start([]).await;
    let error =
        download(&folder).limit(399_999).run(&client(), &server.url("/f")).await.unwrap_err();
    assert!(matches!(error, DownloadError::TooLarge { size: 400_000, limit: 399_999 }), "{error}");
    assert_eq!((server.requests().len(), folder.names().len()), (0, 0));
}

#[tokio::test]
async fn what_ends_it() {
    let image = image();
    let other = "Content-Range: bytes 5-399999/400000\r\n";
    let nothing = || Act::SayAndClose(Vec::new());
    for (acts, words, requests) in [
        (vec![nothing(), nothing(), nothing(), nothing()], "closed the connection", 3),
        (vec![Act::Say(answer("404 Not Found", "", b""))], "status 404", 1),
        (vec![Act::Say(answer("302 Found", "Location: /x\r\n", b""))], "status 302", 1),
        (
            vec![
                cut("200 OK", "", &image, 100),
                Act::Say(answer("206 Partial Content", other, &image[5..])),
            ],
            "another part",
            2,
        ),
        (
            vec![
                cut("200 OK", "", &image, 100),
                Act::Say(answer("206 Partial Content", "", &image[100..])),
            ],
            "another part",
            2,
        ),
        (
            vec![Act::SayAndClose(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec()); 9],
            "Cut",
            3,
        ),
        (
            vec![Act::SayAndHang(b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n".to_vec()); 3],
            "silent",
            3,
        ),
    ] {
        let folder = Folder::new();
        let server = Server::start(acts).await;
        let error =
            download(&folder).run(&client(), &server.url("/f?Signature=hush")).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains(words) && !text.contains("hush"), "{text}");
        assert_eq!(server.requests().len(), requests, "{text}");
        assert!(!folder.file().exists());
    }
}

/// Whoever sends a byte now and then does not hold a download for ever.
#[tokio::test]
async fn its_time_is_bounded() {
    let folder = Folder::new();
    let server = Server::start(vec![Act::Say(answer("503 Busy", "", b"")); 100]).await;
    let mut download = download(&folder).tries(100).timeout(Duration::from_millis(700));
    let error = download.run(&client(), &server.url("/f")).await.unwrap_err();
    assert!(matches!(error, DownloadError::Timeout(_)), "{error}");
    // Pauses grow: a quarter of a second, and then half of one.
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn one_at_a_time() {
    let folder = Folder::new();
    let held = std::fs::File::create(folder.part()).unwrap();
    held.lock().unwrap();
    let server = Server::start([Act::Say(answer("200 OK", "", &image()))]).await;
    let error = download(&folder).run(&client(), &server.url("/f")).await.unwrap_err();
    assert!(matches!(error, DownloadError::Busy(_)), "{error}");
    drop(held);
    download(&folder).run(&client(), &server.url("/f")).await.unwrap();
    is_whole(&folder);
}

#[tokio::test]
async fn a_folder_that_is_not_there() {
    let folder = Folder::new();
    let server = Server::start([]).await;
    let image = image();
    let mut nowhere =
        Download::new(folder.0.join("none/firmware.bin"), image.len() as u64, digest(&image));
    let error = nowhere.run(&client(), &server.url("/f")).await.unwrap_err();
    assert!(error.to_string().starts_with("opening "), "{error}");
    assert!(error.to_string().contains("none/firmware.bin.part"), "{error}");
    assert_eq!(server.requests().len(), 0);
}
