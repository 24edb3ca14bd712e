//! Two-step verification, by text message and by e-mail.

use iot_home_core::Secret;

use super::account::AccountAnswer;
use super::challenge::{Challenge, Channel};
use super::{Expected, Login, LoginError, State};
use crate::Response;
use crate::url::Url;
use crate::urlencoded::{find, form};

/// A verification under way.
pub(super) struct Verification {
    sid: String,
    context: String,
    channel: Channel,
    other: Option<Channel>,
    sent_to: Option<String>,
    /// Where the image of a captcha is that guards the sending.
    pub(super) image_url: Option<String>,
    /// Whether the result was asked for, which is done once.
    checked: bool,
}

impl Login {
    /// Begins with the address that an answer names.
    pub(super) fn verify(&mut self, url: &str) -> Result<State, LoginError> {
        let address = self.account_address(url)?;
        let query = Url::parse(&address).map_or("", |url| url.query);
        let sid = find(query, "sid").map_or_else(|| self.sid.clone(), |sid| sid.into_owned());
        let context = find(query, "context").ok_or(LoginError::Missing("context"))?.into_owned();
        // What was typed before belongs to another image.
        self.captcha = None;
        let (channel, other) = (Channel::Phone, None);
        let (sent_to, image_url, checked) = (None, None, false);
        let verification =
            Verification { sid, context, channel, other, sent_to, image_url, checked };
        let query = self.context_query(&verification);
        self.verification = Some(verification);
        let request = self.get(self.account_query("/identity/list", &query));
        State::send(Expected::Channels, request)
    }

    fn context_query(&self, verification: &Verification) -> String {
        form([
            ("sid", verification.sid.as_str()),
            ("context", &verification.context),
            ("_locale", self.identity.language()),
        ])
    }

    fn verification(&mut self) -> Result<&mut Verification, LoginError> {
        self.verification.as_mut().ok_or(LoginError::Missing("notificationUrl"))
    }

    pub(super) fn on_channels(&mut self, response: &Response) -> Result<State, LoginError> {
        let answer = AccountAnswer::read(response)?;
        // The code is 2 when all is well.
        let preferred = answer.flag.and_then(Channel::of_flag);
        let mut channels: Vec<_> =
            answer.options.iter().copied().filter_map(Channel::of_flag).collect();
        if answer.options.is_empty() {
            channels.extend(preferred);
        }
        let preferred = preferred.filter(|channel| channels.contains(channel));
        let first = preferred.or_else(|| channels.first().copied());
        let channel = first.ok_or(LoginError::NoChannel)?;
        self.verification()?.other = channels.into_iter().find(|other| *other != channel);
        self.ask_where(channel)
    }

    /// Where a code would go.
    fn ask_where(&mut self, channel: Channel) -> Result<State, LoginError> {
        self.verification()?.channel = channel;
        let path = format!("/identity/auth/verify{}", channel.word());
        let query = form([("_flag", channel.flag()), ("_json", "true")]);
        let request = self.get(self.account_query(&path, &query));
        State::send(Expected::MaskedAddress, request)
    }

    pub(super) fn on_masked_address(&mut self, response: &Response) -> Result<State, LoginError> {
        // It is for the person alone: whoever does not know it can be told the code all the same.
        let answer = AccountAnswer::read(response).unwrap_or_default();
        let verification = self.verification()?;
        verification.sent_to = match verification.channel {
            Channel::Phone => answer.masked_phone,
            Channel::Email => answer.masked_email,
        };
        self.send_code()
    }

    pub(super) fn send_code(&mut self) -> Result<State, LoginError> {
        let channel = self.verification()?.channel;
        let icode = self.captcha.as_ref().map_or("", |captcha| captcha.expose());
        let fields = form([("retry", "0"), ("icode", icode), ("_json", "true")]);
        let path = format!("/identity/auth/send{}Ticket", channel.word());
        let request = self.post(&path, fields);
        State::send(Expected::CodeSent, request)
    }

    pub(super) fn send_through(&mut self, wanted: Channel) -> Result<State, LoginError> {
        let verification = self.verification()?;
        if wanted == verification.channel {
            return self.send_code();
        }
        verification.other = Some(verification.channel);
        self.ask_where(wanted)
    }

    pub(super) fn on_code_sent(&mut self, response: &Response) -> Result<State, LoginError> {
        let answer = AccountAnswer::read(response)?;
        if answer.wants_captcha() {
            let url = answer.captcha_url.as_deref().unwrap_or("/pass/getCode?icodeType=login");
            let address = self.account_address(url)?;
            self.verification()?.image_url = Some(address);
            return self.fetch_image();
        }
        // The answer to an image is good once.
        self.captcha = None;
        match answer.code() {
            0 => self.ask_code(false),
            code => Err(LoginError::CodeNotSent { code }),
        }
    }

    fn ask_code(&mut self, again: bool) -> Result<State, LoginError> {
        let verification = self.verification()?;
        let (channel, other) = (verification.channel, verification.other);
        let sent_to = verification.sent_to.clone();
        Ok(State::Asked(Challenge::Code { channel, sent_to, other, again }))
    }

    pub(super) fn check_code(&mut self, code: &Secret<String>) -> Result<State, LoginError> {
        let channel = self.verification()?.channel;
        let trust = if self.trust { "true" } else { "false" };
        let fields = form([
            ("_flag", channel.flag()),
            ("ticket", code.expose()),
            ("trust", trust),
            ("_json", "true"),
        ]);
        let request = self.post(&format!("/identity/auth/verify{}", channel.word()), fields);
        State::send(Expected::CodeChecked, request)
    }

    pub(super) fn on_code_checked(&mut self, response: &Response) -> Result<State, LoginError> {
        let answer = AccountAnswer::read(response)?;
        match (answer.location.as_deref(), answer.code()) {
            (Some(location), 0 | 2) => self.follow(location),
            (None, 0 | 2) => {
                // It was right, and where to go on has to be asked for.
                let verification = self.verification()?;
                if core::mem::replace(&mut verification.checked, true) {
                    return Err(LoginError::Missing("location"));
                }
                let query =
                    self.verification.as_ref().map(|verification| self.context_query(verification));
                let query = query.unwrap_or_default();
                let request = self.get(self.account_query("/identity/result/check", &query));
                State::send(Expected::CheckResult, request)
            }
            _ => self.ask_code(true),
        }
    }

    /// A redirect to follow, or the same as JSON.
    pub(super) fn on_check_result(
        &mut self,
        url: &str,
        response: &Response,
    ) -> Result<State, LoginError> {
        match AccountAnswer::read(response).map(|answer| answer.location) {
            Ok(Some(location)) => self.follow(&location),
            _ => self.on_hop(url, response),
        }
    }
}
