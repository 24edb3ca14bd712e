//! A download beside the bare client that does the same: the same client, the digest, a plain file. A ratio, round by round in turn.

#![allow(clippy::print_stdout, reason = "it is a program that prints")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use iot_home_core::{Clock as _, SystemClock};
use iot_home_http::bytes::Bytes;
use iot_home_http::http::Request;
use iot_home_http::{Client, Digest, Download, HttpClient as _};
use sha2::{Digest as _, Sha256};

const ROUNDS: usize = 21;
const SIZE: usize = 64 << 20;

fn main() {
    let image: Arc<[u8]> = (0..SIZE).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect();
    let digest: [u8; 32] = Sha256::digest(&image).into();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let image = Arc::clone(&image);
            std::thread::spawn(move || serve(stream, &image));
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let folder = std::env::temp_dir().join(format!("iot-home-download-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let client = Client::new().expect("a client");
    let clock = SystemClock::new();
    let mut ratios = Vec::new();
    let mut speeds = Vec::new();
    for round in 0..=ROUNDS {
        let began = clock.now();
        runtime.block_on(bare(&client, addr, &folder.join("bare"), digest));
        let between = clock.now();
        runtime.block_on(ours(&client, addr, &folder.join("ours"), digest));
        let ended = clock.now();
        // The first is for the caches.
        if round > 0 {
            let (theirs, ours) = (between.saturating_since(began), ended.saturating_since(between));
            ratios.push(theirs.as_secs_f64() / ours.as_secs_f64());
            speeds.push(megabytes(ours));
        }
        let _ = std::fs::remove_file(folder.join("ours"));
    }
    let _ = std::fs::remove_dir_all(&folder);
    ratios.sort_by(f64::total_cmp);
    speeds.sort_by(f64::total_cmp);
    println!("download of 64 MiB, of the bare client's rate: {:.3}", ratios[ROUNDS / 2]);
    println!("absolute: {:.0} MB/s", speeds[ROUNDS / 2]);
}

fn megabytes(time: Duration) -> f64 {
    SIZE as f64 / 1e6 / time.as_secs_f64()
}

/// A file that is written and put where it belongs, its digest checked: as anybody would.
async fn bare(client: &Client, addr: SocketAddr, path: &Path, digest: [u8; 32]) {
    let request = Request::get(format!("http://{addr}/f")).body(Bytes::new()).expect("a request");
    let mut body = client.send(request).await.expect("an answer").into_body();
    let mut file = std::fs::File::create(path).expect("a file");
    let mut state = Sha256::new();
    while let Some(piece) = body.chunk().await {
        let piece = piece.expect("it arrives");
        state.update(&piece);
        file.write_all(&piece).expect("it is written");
    }
    file.sync_all().expect("it is written");
    assert_eq!(<[u8; 32]>::from(state.finalize()), digest);
}

async fn ours(client: &Client, addr: SocketAddr, path: &Path, digest: [u8; 32]) {
    let mut download = Download::new(path, SIZE as u64, Digest::Sha256(digest));
    download.run(client, &format!("http://{addr}/f")).await.expect("it arrives");
}

fn serve(mut stream: TcpStream, image: &[u8]) {
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut piece) {
        head.extend_from_slice(&piece[..read]);
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", image.len());
            if stream.write_all(answer.as_bytes()).is_err() || stream.write_all(image).is_err() {
                return;
            }
        }
    }
}
