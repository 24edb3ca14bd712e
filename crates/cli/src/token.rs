//! Where tokens come from: the command line, a file, stdin, the environment.

use std::collections::BTreeMap;
use std::env;
use std::net::IpAddr;
use std::path::Path;

use iot_home::Secret;
use iot_home::miio::{Cipher, Token};

use crate::args::{Decode, TokenSource};
use crate::failure::Failure;
use crate::input;

/// The token a command cannot do without.
pub(crate) async fn required(source: &TokenSource) -> Result<Token, Failure> {
    let missing = || Failure::usage("this needs the device's token").hint(WAYS);
    given(source).await?.ok_or_else(missing)
}

/// The token, where one was given.
pub(crate) async fn given(source: &TokenSource) -> Result<Option<Token>, Failure> {
    let given = source.token.as_slice();
    let texts = texts(given, source.token_file.as_deref()).await?;
    let token = match texts.as_slice() {
        [] => return Ok(None),
        [text] => parse(text.expose()),
        // A file is one token, however it is broken into lines.
        lines => parse(&lines.iter().map(|line| line.expose().as_str()).collect::<String>()),
    };
    token.map(Some)
}

/// Whether it was said on the command line, and not only in the environment, where it may be another device's.
pub(crate) fn is_named(source: &TokenSource) -> bool {
    source.token.is_some() || source.token_file.is_some()
}

/// The tokens to open packets with: some for one address, others for any.
#[derive(Default)]
pub(crate) struct Tokens {
    by_ip: BTreeMap<IpAddr, Vec<Cipher>>,
    any: Vec<Cipher>,
}

impl Tokens {
    /// Those of `decode`.
    pub(crate) async fn read(args: &Decode) -> Result<Self, Failure> {
        let texts = texts(&args.tokens, args.token_file.as_deref()).await?;
        let mut tokens = Self::default();
        for text in &texts {
            match split_ip(text.expose()) {
                Some((ip, token)) => {
                    tokens.by_ip.entry(ip).or_default().push(Cipher::new(&parse(token)?));
                }
                None => tokens.any.push(Cipher::new(&parse(text.expose())?)),
            }
        }
        if args.pcap.is_none() && (!tokens.by_ip.is_empty() || tokens.any.len() > 1) {
            return Err(Failure::usage("one packet is opened with one token")
                .hint("tokens by address, and several at once, are for --pcap"));
        }
        Ok(tokens)
    }

    /// Those that fit a packet between these addresses; its device's own come alone.
    pub(crate) fn between(&self, ends: [IpAddr; 2]) -> Vec<&Cipher> {
        let own: Vec<_> = ends.iter().filter_map(|ip| self.by_ip.get(ip)).flatten().collect();
        if own.is_empty() { self.any.iter().collect() } else { own }
    }

    /// Those that are for no address in particular.
    pub(crate) fn any(&self) -> Vec<&Cipher> {
        self.any.iter().collect()
    }
}

async fn texts(
    given: &[Secret<String>],
    file: Option<&Path>,
) -> Result<Vec<Secret<String>>, Failure> {
    match (given, file) {
        ([], None) => {
            let variable = env::var_os("IOT_HOME_TOKEN").filter(|value| !value.is_empty());
            let texts = variable.map(|value| {
                value
                    .into_string()
                    .map(Secret::new)
                    .map_err(|_| Failure::bad_input("IOT_HOME_TOKEN is not text"))
            });
            texts.into_iter().collect()
        }
        (given, None) => Ok(given.to_vec()),
        ([], Some(file)) => {
            let text = Secret::new(input::text(file, "token").await?);
            let lines = text.expose().lines().map(str::trim).filter(|line| !line.is_empty());
            let lines: Vec<_> = lines.map(|line| Secret::new(line.to_owned())).collect();
            if lines.is_empty() {
                return Err(Failure::bad_input(format!("{} holds no token", input::name(file))));
            }
            Ok(lines)
        }
        _ => Err(Failure::usage("--token and --token-file cannot be used together").hint(WAYS)),
    }
}

/// Reads a token in any of its forms.
pub(crate) fn parse(text: &str) -> Result<Token, Failure> {
    text.parse().map_err(|error| Failure::bad_input(format!("the token is not valid: {error}")))
}

/// `IP=TOKEN`. A raw token may hold an equals sign as well, but no address stands before it.
fn split_ip(text: &str) -> Option<(IpAddr, &str)> {
    let (ip, token) = text.split_once('=')?;
    let ip = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip);
    Some((ip.parse().ok()?, token))
}

const WAYS: &str = "give it by one of: the environment variable IOT_HOME_TOKEN, --token-file FILE \
    (- is stdin), or --token TOKEN (which other users of this machine can see)";

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use iot_home::miio::{Cipher, Token};

    use super::{Tokens, split_ip};

    #[test]
    fn an_address_is_told_from_a_token_with_an_equals_sign() {
        assert_eq!(split_ip("1234=5678901234b"), None);
        assert_eq!(split_ip("10.0.0.1=x=y").unwrap(), ("10.0.0.1".parse().unwrap(), "x=y"));
        assert_eq!(split_ip("[::1]=t").unwrap().0, split_ip("::1=t").unwrap().0);
    }

    #[test]
    fn a_devices_own_token_comes_alone() {
        let [a, b]: [IpAddr; 2] = ["10.0.0.1", "10.0.0.2"].map(|ip| ip.parse().unwrap());
        let mut tokens = Tokens::default();
        tokens.any.push(Cipher::new(&Token::new([1; 16])));
        tokens.by_ip.insert(a, vec![Cipher::new(&Token::new([2; 16]))]);
        let first = |ends| tokens.between(ends)[0].token().expose()[0];
        assert_eq!([first([a, b]), first([b, a]), first([b, b])], [2, 2, 1]);
    }
}
