//! The spellings of a token.

use aes::Aes128Enc;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use iot_home_miio::{Token, TokenError};
use proptest::prelude::*;

const HEX: &str = "476e6b70343055483230644c53707a12";
const IOS: &str = "5c96c159791887b69d03dcbdfc8a0ecc6f4e6be24d9bbb58980eb9cf777b7214\
                   0143db63ee66b0cdff9f69917680151e";

fn token() -> Token {
    Token::new(*b"Gnkp40UH20dLSpz\x12")
}

#[test]
fn hexadecimal_digits() {
    let upper = HEX.to_uppercase();
    for text in [
        HEX,
        &upper,
        "476E6b70343055483230644C53707a12",
        "0x476e6b70343055483230644c53707a12",
        "0X476E6B70343055483230644C53707A12",
        "  476e6b70343055483230644c53707a12\r\n",
        "47 6e 6b 70 34 30 55 48 32 30 64 4c 53 70 7a 12",
        " 0x476e 6b70 3430 5548\t3230 644c 5370 7a12 ",
    ] {
        assert_eq!(text.parse(), Ok(token()), "{text}");
    }
    assert_eq!(token().expose_hex(), HEX);
    assert_eq!(token().expose(), b"Gnkp40UH20dLSpz\x12");
    assert_eq!(Token::from(*b"Gnkp40UH20dLSpz\x12"), token());
}

#[test]
fn sixteen_raw_characters() {
    for raw in ["q3zq0f2yd3t3nqx4", "0123456789abcdef", "0x23456789abcdef", "~!@#$%^&*()_+{}\""] {
        assert_eq!(raw.parse().as_ref().map(Token::expose), Ok(raw.as_bytes().try_into().unwrap()));
        // As a file or a paste has it.
        assert_eq!(format!(" {raw}\r\n").parse::<Token>(), raw.parse());
    }
}

#[test]
fn the_form_of_the_ios_app() {
    let blanks = IOS.as_bytes().chunks(8).map(|part| str::from_utf8(part).unwrap());
    let blanks = blanks.collect::<Vec<_>>().join(" ");
    for text in [IOS, &IOS.to_uppercase(), &format!("0x{IOS}"), &blanks, &format!("{IOS}\n")] {
        assert_eq!(text.parse(), Ok(token()), "{text}");
    }
}

#[test]
fn wrong_lengths() {
    for length in (0..200).filter(|length| ![16, 32, 96].contains(length)) {
        let text = "a".repeat(length);
        assert_eq!(text.parse::<Token>(), Err(TokenError::Length { length }));
    }
    // Blanks and the prefix do not count.
    assert_eq!(format!("0x {HEX} 0").parse::<Token>(), Err(TokenError::Length { length: 33 }));
    assert_eq!(HEX[2..].parse::<Token>(), Err(TokenError::Length { length: 30 }));
    assert_eq!(" ".repeat(16).parse::<Token>(), Err(TokenError::Length { length: 0 }));
    assert_eq!("0x".parse::<Token>(), Err(TokenError::Length { length: 0 }));
    assert_eq!(" ".repeat(32).parse::<Token>(), Err(TokenError::Length { length: 0 }));
    assert_eq!("".parse::<Token>(), Err(TokenError::Length { length: 0 }));
}

#[test]
fn wrong_digits() {
    for at in 0..32 {
        for wrong in ["g", "-", "\0", "/", ":"] {
            let mut text = HEX.to_owned();
            text.replace_range(at..=at, wrong);
            assert_eq!(text.parse::<Token>(), Err(TokenError::NotHex), "{text:?}");
        }
    }
    // A prefix has its place, and is there once.
    assert!(format!("0x0x{HEX}").parse::<Token>().is_err());
    assert!(format!("{HEX}0x").parse::<Token>().is_err());
    // Characters that are digits in some other script, and 16 or 32 bytes long all the same.
    for text in ["４７６e6b7034305548323064", "ßßßßßßßß", "ßßßßßßßßßßßßßßßß"]
    {
        assert!(text.parse::<Token>().is_err(), "{text}");
    }
}

#[test]
fn ninety_six_digits_that_are_no_token() {
    assert_eq!("0".repeat(96).parse::<Token>(), Err(TokenError::Ios));
    assert_eq!("g".repeat(96).parse::<Token>(), Err(TokenError::NotHex));
    for at in 0..96 {
        let mut text = IOS.to_owned();
        let other = if text.as_bytes()[at] == b'0' { "1" } else { "0" };
        text.replace_range(at..=at, other);
        assert_eq!(text.parse::<Token>(), Err(TokenError::Ios), "digit {at}");
    }
}

/// What the app's database would hold for these 48 bytes.
fn ios(mut blocks: Vec<u8>) -> String {
    let zeros = Aes128Enc::new(&[0; 16].into());
    for block in blocks.as_chunks_mut::<16>().0 {
        zeros.encrypt_block(block.into());
    }
    blocks.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn ninety_six_digits_of_something_else() {
    let plain = [HEX.as_bytes(), &[16; 16]].concat();
    assert_eq!(ios(plain.clone()), IOS);
    for at in 0..48 {
        let mut other = plain.clone();
        // No digit, and no padding.
        other[at] = b'g';
        assert_eq!(ios(other).parse::<Token>(), Err(TokenError::Ios), "byte {at}");
    }
}

#[test]
fn it_is_not_shown() {
    assert_eq!(format!("{:?} {:#?}", token(), token()), "Token(<redacted>) Token(<redacted>)");
    // Nor is what was no token.
    let almost = format!("{HEX}ff");
    let error = almost.parse::<Token>().unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&HEX[..6]));
    assert!(std::mem::needs_drop::<Token>(), "it is wiped");
}

proptest! {
    #[test]
    fn any_token_survives_its_digits(bytes: [u8; 16], upper: bool) {
        let token = Token::new(bytes);
        let mut text = token.expose_hex();
        prop_assert_eq!(text.len(), 32);
        if upper {
            text.make_ascii_uppercase();
        }
        prop_assert_eq!(text.parse(), Ok(token));
    }

    #[test]
    fn any_text_is_a_token_or_none(text in prop_oneof!["\\PC{0,120}", "[0-9a-fxX ]{0,120}", "\\PC{16}"]) {
        if let Ok(token) = text.parse::<Token>() {
            prop_assert_eq!(token.expose_hex().parse(), Ok(token));
        }
    }
}
