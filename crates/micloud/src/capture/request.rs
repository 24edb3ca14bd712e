//! One captured request.

use std::borrow::Cow;
use std::fmt;

use super::{Capture, FailedStep, Signature};
use crate::{Method, Mode, Nonce, SignedNonce, signing_path, urlencoded};

/// A captured request, opened as far as it could be.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CapturedRequest {
    /// The path as it is signed.
    pub path: String,
    /// The nonce, where there is one.
    pub nonce: Option<Nonce>,
    /// How it was protected, where it was signed.
    pub mode: Option<Mode>,
    /// What was said, field by field; nothing where the key does not fit.
    pub params: Vec<(String, String)>,
    /// How the signature is.
    pub signature: Signature,
    /// What failed first.
    pub failed_step: Option<FailedStep>,
}

impl CapturedRequest {
    /// The JSON of the request.
    pub fn data(&self) -> Option<&str> {
        self.params.iter().find(|(name, _)| name == "data").map(|(_, data)| data.as_str())
    }
}

impl fmt::Debug for CapturedRequest {
    /// Without what was said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapturedRequest")
            .field("path", &self.path)
            .field("nonce", &self.nonce)
            .field("mode", &self.mode)
            .field("signature", &self.signature)
            .field("failed_step", &self.failed_step)
            .finish_non_exhaustive()
    }
}

impl Capture {
    /// Opens a request: its form is the body, or the query, as it travelled.
    pub fn request(&self, method: Method, host: &str, path: &str, form: &str) -> CapturedRequest {
        self.fields(method, signing_path(host, path), urlencoded::fields(form))
    }

    pub(super) fn fields<'a>(
        &self,
        method: Method,
        path: &str,
        fields: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    ) -> CapturedRequest {
        let (mut signature, mut nonce, mut hash) = (None, None, None);
        let mut params = Vec::new();
        for (name, value) in fields {
            match &*name {
                "signature" => signature = Some(value),
                "_nonce" => nonce = Some(value),
                // Neither is signed. The key has no business here, but some clients send it.
                "ssecurity" | "yetAnotherServiceToken" => {}
                "rc4_hash__" => hash = Some(value),
                _ => params.push((name.into_owned(), value.into_owned())),
            }
        }
        // They are signed in the order of their names, however they travel.
        params.sort_unstable();
        let mut captured = CapturedRequest {
            path: path.to_owned(),
            nonce: None,
            mode: None,
            params,
            signature: Signature::Absent,
            failed_step: None,
        };
        let (signature, nonce) = match (signature, nonce) {
            (Some(signature), Some(nonce)) => (signature, nonce),
            (None, None) if hash.is_none() => return captured,
            _ => {
                captured.failed_step = Some(FailedStep::Form);
                return captured;
            }
        };
        captured.mode = Some(if hash.is_some() { Mode::Rc4 } else { Mode::Plain });
        let Ok(nonce) = nonce.parse() else {
            captured.params.clear();
            captured.failed_step = Some(FailedStep::Nonce);
            return captured;
        };
        captured.nonce = Some(nonce);
        let key = SignedNonce::new(&self.ssecurity, nonce);
        match hash {
            None => captured.verify_plain(&key, &signature),
            Some(hash) => captured.open(&key, method, &signature, &hash),
        }
        captured
    }
}

impl CapturedRequest {
    fn verify_plain(&mut self, key: &SignedNonce, signature: &str) {
        self.conclude(key.plain_signature(&self.path, &borrowed(&self.params)) == signature);
    }

    fn open(&mut self, key: &SignedNonce, method: Method, signature: &str, hash: &str) {
        let mut signed = borrowed(&self.params);
        signed.push(("rc4_hash__", hash));
        signed.sort_unstable();
        let genuine = key.sha1(method, &self.path, &signed) == signature;
        self.conclude(genuine);
        match self.decrypted(key) {
            Ok(params) => {
                let computed = key.sha1(method, &self.path, &borrowed(&params));
                let fits = key.open(hash.as_bytes()).is_ok_and(|hash| hash == computed.as_bytes());
                // A wrong path spoils signature and hash; that the key is right is then seen by the JSON.
                let sense =
                    || params.iter().all(|(_, value)| super::text(value.clone().into()).is_ok());
                self.params = if genuine || fits || sense() { params } else { Vec::new() };
                if !fits {
                    self.failed_step.get_or_insert(FailedStep::Hash);
                }
            }
            Err(step) => {
                self.params.clear();
                self.failed_step.get_or_insert(step);
            }
        }
    }

    fn decrypted(&self, key: &SignedNonce) -> Result<Vec<(String, String)>, FailedStep> {
        let decrypt = |(name, value): &(String, String)| {
            let bytes = key.open(value.as_bytes()).map_err(|_| FailedStep::Base64)?;
            let text = String::from_utf8(bytes).map_err(|_| FailedStep::Rc4)?;
            Ok((name.clone(), text))
        };
        self.params.iter().map(decrypt).collect()
    }

    fn conclude(&mut self, genuine: bool) {
        self.signature = if genuine { Signature::Ok } else { Signature::Bad };
        if !genuine {
            self.failed_step = Some(FailedStep::Signature);
        }
    }
}

fn borrowed(params: &[(String, String)]) -> Vec<(&str, &str)> {
    params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
