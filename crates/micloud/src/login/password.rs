//! The first two requests, and captchas.

use iot_home_core::Secret;

use super::account::AccountAnswer;
use super::challenge::Challenge;
use super::{By, Expected, Login, LoginError, State};
use crate::urlencoded::form;
use crate::{Request, Response};

/// What the first answer gives to be repeated in the second request.
#[derive(Default)]
pub(super) struct FirstAnswer {
    sid: String,
    qs: String,
    callback: String,
    sign: String,
    /// Where the image of the captcha is.
    image_url: Option<String>,
}

impl Login {
    pub(super) fn first_request(&self) -> Request {
        let query = form([("sid", self.sid.as_str()), ("_json", "true")]);
        self.get(self.account_query("/pass/serviceLogin", &query))
    }

    pub(super) fn on_first(&mut self, response: &Response) -> Result<State, LoginError> {
        let answer = AccountAnswer::read(response)?;
        if answer.ssecurity.is_some() && answer.location.is_some() {
            return self.decide(answer);
        }
        // After a verification this was the last way to the key.
        if self.chain.is_followed() {
            return Err(LoginError::Missing("ssecurity"));
        }
        match &self.by {
            By::PassToken | By::Qr { .. } if answer.notification_url.is_none() => {
                Err(LoginError::PassToken)
            }
            By::PassToken | By::Qr { .. } => self.decide(answer),
            By::Password { .. } => {
                // "Please log in" is what everybody is told here.
                let known = answer.sign.is_some() || answer.code == Some(70016);
                if !known {
                    return self.decide(answer);
                }
                self.first.sid = answer.sid.unwrap_or_else(|| self.sid.clone());
                self.first.qs = answer.qs.unwrap_or_default();
                self.first.callback = answer.callback.unwrap_or_default();
                self.first.sign = answer.sign.unwrap_or_default();
                self.authenticate()
            }
        }
    }

    fn authenticate(&mut self) -> Result<State, LoginError> {
        let By::Password { user, hash } = &self.by else { return Err(LoginError::PassToken) };
        let first = &self.first;
        let mut fields = vec![
            ("sid", first.sid.as_str()),
            ("hash", hash.expose()),
            ("callback", &first.callback),
            ("qs", &first.qs),
            ("user", user),
            ("_sign", &first.sign),
            ("_json", "true"),
        ];
        if let Some(captcha) = &self.captcha {
            fields.push(("captCode", captcha.expose()));
        }
        let request = self.post("/pass/serviceLoginAuth2", form(fields));
        State::send(Expected::Auth, request)
    }

    pub(super) fn on_auth(&mut self, response: &Response) -> Result<State, LoginError> {
        let answer = AccountAnswer::read(response)?;
        self.decide(answer)
    }

    /// What an answer means that ends a login, or nearly. The order counts: an old notificationUrl may stand beside
    /// a good key, and a code of 0 beside neither.
    pub(super) fn decide(&mut self, mut answer: AccountAnswer) -> Result<State, LoginError> {
        if let (Some(location), Some(ssecurity)) = (answer.location.take(), answer.ssecurity.take())
        {
            return self.exchange(&location, ssecurity, answer);
        }
        if let Some(url) = &answer.notification_url {
            return self.verify(url);
        }
        if answer.wants_captcha() {
            let url = answer.captcha_url.as_deref().unwrap_or("/pass/getCode?icodeType=login");
            self.first.image_url = Some(self.account_address(url)?);
            return self.fetch_image();
        }
        let code = answer.code();
        Err(match code {
            70016 | 70002 | 20003 => LoginError::Credentials { code },
            81003 => LoginError::Unverifiable { code },
            0 => LoginError::Missing("ssecurity or location"),
            _ => LoginError::Refused { code },
        })
    }

    pub(super) fn fetch_image(&mut self) -> Result<State, LoginError> {
        let url = match &self.verification {
            Some(verification) => verification.image_url.clone(),
            None => self.first.image_url.clone(),
        };
        let request = self.get(url.ok_or(LoginError::Missing("captchaUrl"))?);
        State::send(Expected::Image, request)
    }

    pub(super) fn on_image(&mut self, response: &Response) -> Result<State, LoginError> {
        let status = response.status;
        let image = &response.body;
        let is_text =
            image.starts_with(b"<") || image.starts_with(b"&&&") || image.starts_with(b"{");
        if status != 200 || image.is_empty() || image.len() > LARGEST_IMAGE || is_text {
            return Err(LoginError::NoImage { status });
        }
        let media_type = response.get("Content-Type").map(ToOwned::to_owned);
        // An answer is good for one image: when there is one already, it was wrong, or another image is wanted.
        let again = self.captcha.take().is_some();
        Ok(State::Asked(Challenge::Captcha { image: image.clone(), media_type, again }))
    }

    pub(super) fn captcha_read(&mut self, text: Secret<String>) -> Result<State, LoginError> {
        self.captcha = Some(text);
        if self.verification.is_some() {
            return self.send_code();
        }
        let request = self.first_request();
        State::send(Expected::First, request)
    }
}

/// Real ones have some five thousand bytes.
const LARGEST_IMAGE: usize = 1 << 20;
