//! From an address with a ticket to the keys, one redirect at a time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iot_home_core::Secret;
use serde::Deserialize;
use sha1::{Digest as _, Sha1};

use super::account::AccountAnswer;
use super::{Expected, Login, LoginError, State};
use crate::cookie::set_by;
use crate::url::{Url, with_query};
use crate::urlencoded::{find, form};
use crate::{Response, ServiceKeys, Session, Ssecurity, lenient};

/// What was seen on the way. Keys of two logins do not fit together, so that a new way forgets it all.
#[derive(Default)]
pub(super) struct Chain {
    ssecurity: Option<Ssecurity>,
    nonce: Option<i64>,
    hops: u8,
    /// Whether a code was verified, and the redirects after it followed.
    followed: bool,
}

impl Chain {
    pub(super) fn is_followed(&self) -> bool {
        self.followed
    }
}

impl Login {
    /// Exchanges the ticket of an answer that has the key as well.
    pub(super) fn exchange(
        &mut self,
        location: &str,
        ssecurity: Ssecurity,
        answer: AccountAnswer,
    ) -> Result<State, LoginError> {
        let pass_token = answer.pass_token.as_ref().map(|token| token.expose().as_str());
        for (name, value) in [
            ("userId", answer.user_id.as_deref()),
            ("cUserId", answer.c_user_id.as_deref()),
            ("passToken", pass_token),
        ] {
            if let Some(value) = value.filter(|value| crate::cookie::is_value(value)) {
                self.jar.set(name, value);
            }
        }
        self.captcha = None;
        let followed = self.chain.followed;
        self.chain = Chain { ssecurity: Some(ssecurity), nonce: answer.nonce, hops: 0, followed };
        self.go(location)
    }

    /// Follows redirects after a verification, on which the key will be seen.
    pub(super) fn follow(&mut self, location: &str) -> Result<State, LoginError> {
        self.chain = Chain { followed: true, ..Chain::default() };
        self.go(location)
    }

    /// Goes to an address, absolute or of the account's server.
    fn go(&mut self, reference: &str) -> Result<State, LoginError> {
        self.chain.hops = self.chain.hops.saturating_add(1);
        if self.chain.hops > MOST_HOPS {
            return Err(LoginError::Redirects);
        }
        let base = Url::parse(self.hosts.account_url()).ok_or(LoginError::ForeignHost)?;
        let mut address = base.join(reference).ok_or(LoginError::ForeignHost)?;
        let url = Url::parse(&address).ok_or(LoginError::ForeignHost)?;
        // Some are asked to confirm a phone number on the way, which can wait.
        if url.path.contains("/fe/")
            && let Some(skip) = find(url.query, "skipUrl")
        {
            let skip = skip.into_owned();
            return self.go(&skip);
        }
        if self.hosts.is_sts(&url) {
            if let Some(sign) =
                self.client_sign().filter(|_| find(url.query, "clientSign").is_none())
            {
                address = with_query(address, &form([("clientSign", sign.as_str())]));
            }
        } else if !self.hosts.is_account(&url) {
            return Err(LoginError::ForeignHost);
        }
        let request = self.get(address);
        State::send(Expected::Hop, request)
    }

    /// What proves to the service that the key is known.
    fn client_sign(&self) -> Option<String> {
        let (ssecurity, nonce) = (self.chain.ssecurity.as_ref()?, self.chain.nonce?);
        let mut hash = Sha1::new().chain_update(format!("nonce={nonce}&"));
        hash.update(ssecurity.expose_base64().expose());
        Some(STANDARD.encode(hash.finalize()))
    }

    pub(super) fn on_hop(&mut self, url: &str, response: &Response) -> Result<State, LoginError> {
        let here = Url::parse(url).ok_or(LoginError::ForeignHost)?;
        if self.hosts.is_sts(&here) {
            return self.on_ticket(response);
        }
        if let Some(pragma) = response.get("Extension-Pragma").and_then(Pragma::read) {
            self.chain.ssecurity = Some(pragma.0);
            self.chain.nonce = pragma.1;
        }
        if (300..400).contains(&response.status) {
            let location = response.get("Location").ok_or(LoginError::Missing("Location"))?;
            let next = here.join(location).ok_or(LoginError::ForeignHost)?;
            return self.go(&next);
        }
        if response.status == 200 && is_tips_page(&response.body) {
            // It goes on when asked a second time. The count of hops bounds that.
            return self.go(url);
        }
        match AccountAnswer::read(response) {
            Ok(answer) if answer.ssecurity.is_some() => self.decide(answer),
            Ok(AccountAnswer { location: Some(location), .. }) => self.go(&location),
            _ => self.ask_for_key(),
        }
    }

    /// The last step: the ticket's answer has the token.
    fn on_ticket(&mut self, response: &Response) -> Result<State, LoginError> {
        let status = response.status;
        let cookie = |name: &str| {
            set_by(response).find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        let token = cookie("serviceToken").filter(|token| !token.is_empty() && status < 400);
        let Some(token) = token else {
            return match status {
                // These pass; once more, and no oftener.
                403 | 404 if !core::mem::replace(&mut self.retried, true) => {
                    let request = self.first_request();
                    State::send(Expected::First, request)
                }
                _ => Err(LoginError::Ticket { status }),
            };
        };
        let Some(ssecurity) = self.chain.ssecurity.take() else { return self.ask_for_key() };
        let own = |name: &str| self.jar.get(name).map(ToOwned::to_owned).or_else(|| cookie(name));
        let user_id = own("userId").ok_or(LoginError::Missing("userId"))?;
        let device_id = self.identity.device_id().clone();
        let mut session = Session::new(device_id, user_id);
        session.c_user_id = own("cUserId");
        session.pass_token = self.jar.get("passToken").map(|token| Secret::new(token.to_owned()));
        if let Some(known) = self.session.take().filter(|known| known.user_id == session.user_id) {
            session.services = known.services;
        }
        session.services.insert(self.sid.clone(), ServiceKeys::new(ssecurity, token));
        Ok(State::Done(Box::new(session)))
    }

    /// Where no key was seen on the way, the passToken that was given gets another.
    fn ask_for_key(&mut self) -> Result<State, LoginError> {
        if self.jar.get("passToken").is_none() || core::mem::replace(&mut self.retried, true) {
            return Err(LoginError::Missing("ssecurity"));
        }
        let request = self.first_request();
        State::send(Expected::First, request)
    }
}

/// The key of a verified login, which stands in a header of one redirect and nowhere else.
struct Pragma(Ssecurity, Option<i64>);

impl Pragma {
    fn read(header: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Fields {
            #[serde(default, deserialize_with = "lenient::parsed")]
            ssecurity: Option<Ssecurity>,
            #[serde(default, deserialize_with = "lenient::integer")]
            nonce: Option<i64>,
        }

        let fields: Fields = serde_json::from_str(header).ok()?;
        Some(Self(fields.ssecurity?, fields.nonce))
    }
}

fn is_tips_page(body: &[u8]) -> bool {
    let start = body.get(..body.len().min(1 << 16)).unwrap_or_default();
    String::from_utf8_lossy(start).contains("Xiaomi Account - Tips")
}

/// Three or four are usual.
const MOST_HOPS: u8 = 12;
