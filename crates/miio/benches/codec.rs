//! Sealing and opening of a 200-byte payload, beside the bare hash and cipher calls they consist of.

use std::hint::black_box;

use aes::Aes128;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use cbc::{Decryptor, Encryptor};
use divan::{AllocProfiler, Bencher};
use iot_home_miio::packet::Header;
use iot_home_miio::{Cipher, Token};
use md5::{Digest, Md5};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

const HEADER: Header = Header { did: 51_880_628, stamp: 12_345 };
const PLAINTEXT: [u8; 200] = [b'x'; 200];

fn main() {
    divan::main();
}

fn cipher() -> Cipher {
    Cipher::new(&Token::new([7; 16]))
}

#[divan::bench]
fn seal(bencher: Bencher<'_, '_>) {
    let cipher = cipher();
    let mut packet = [0; 256];
    bencher
        .bench_local(|| cipher.seal(black_box(HEADER), black_box(&PLAINTEXT), &mut packet).is_ok());
}

#[divan::bench]
fn bare_seal(bencher: Bencher<'_, '_>) {
    let aes = Aes128::new(&[7; 16].into());
    let mut packet = [0; 240];
    bencher.bench_local(|| {
        packet[32..232].copy_from_slice(black_box(&PLAINTEXT));
        let mode = Encryptor::<&Aes128>::inner_iv_init(&aes, &[1; 16].into());
        black_box(mode.encrypt_padded::<Pkcs7>(&mut packet[32..], 200).is_ok());
        black_box(Md5::digest(packet))
    });
}

#[divan::bench]
fn open(bencher: Bencher<'_, '_>) {
    let cipher = cipher();
    let mut sealed = [0; 240];
    cipher.seal(HEADER, &PLAINTEXT, &mut sealed).expect("the buffer is large enough");
    let mut packet = sealed;
    bencher.bench_local(|| {
        packet = *black_box(&sealed);
        cipher.open(&mut packet).is_ok()
    });
}

#[divan::bench]
fn bare_open(bencher: Bencher<'_, '_>) {
    let aes = Aes128::new(&[7; 16].into());
    let mut sealed = [7; 240];
    Encryptor::<&Aes128>::inner_iv_init(&aes, &[1; 16].into())
        .encrypt_padded::<Pkcs7>(&mut sealed[32..], 200)
        .expect("the buffer is large enough");
    let mut packet = sealed;
    bencher.bench_local(|| {
        packet = *black_box(&sealed);
        black_box(Md5::digest(packet));
        let mode = Decryptor::<&Aes128>::inner_iv_init(&aes, &[1; 16].into());
        mode.decrypt_padded::<Pkcs7>(&mut packet[32..]).is_ok()
    });
}

#[divan::bench]
fn derive_keys(bencher: Bencher<'_, '_>) {
    let token = Token::new([7; 16]);
    bencher.bench_local(|| Cipher::new(black_box(&token)));
}
