//! The variant of provisioning in which the settings are encrypted by a key that both ends agree on. **Experimental:**
//! it is written from two descriptions that agree on it, and was never tried with hardware.
//!
//! A [`Handshake`] is a state machine of five exchanges. Send its [`request`](Handshake::request), hand in the
//! result by [`handle`](Handshake::handle), until it gives a [`Channel`]; that seals the settings. It may be stopped
//! and gone on with at any time: until its answer has come, `request` gives the same bytes again.
//!
//! 1. the device offers its suites, curves and modes;
//! 2. both ends send a public key, and the device proves that it knows the token: the key comes from ECDH
//!    by HKDF, salted with the token;
//! 3. both ends commit to a random number and the code that stands on the device, then reveal the numbers. So whoever
//!    stands between them would have to know the code.
//!
//! ```
//! use iot_home_core::{Secret, SystemRandom};
//! use iot_home_miio::Token;
//! use iot_home_miio::provisioning::secure::{Handshake, Oob};
//!
//! let token: Token = "00112233445566778899aabbccddeeff".parse()?;
//! let code = Oob::code(Secret::new(String::from("0123456789abcdef")));
//! let handshake = Handshake::new(&token, code, &mut SystemRandom::new())?;
//! assert_eq!(handshake.request().method(), "miIO.handshake");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod channel;
mod curve;
mod handshake;
mod key;
mod messages;

pub use self::channel::Channel;
pub use self::curve::{Curve, InvalidPublicKey, PrivateKey};
pub use self::handshake::{Handshake, HandshakeError, Oob, OobMode, Progress};
pub use self::key::{AgreedKey, InvalidSignature};
