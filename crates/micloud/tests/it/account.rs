//! A strict account server: it checks every field and cookie that the real one is known to look at.

use std::time::Duration;

use iot_home_core::Instant;
use iot_home_micloud::{
    Answer, Challenge, DeviceId, Identity, Login, LoginError, Request, Response, Session, Step,
};
use serde_json::{Value, json};

pub(crate) const USER: &str = "user@example.com";
pub(crate) const PASSWORD: &str = "p@ss w0rd+&=";
pub(crate) const HASH: &str = "580A7651292DFE8C7E3688FCE4AA3C8B";
pub(crate) const PASS_TOKEN: &str = "V1:kE7uPq0/Rz+3xw==";
pub(crate) const SSECURITY: &str = "JiLJoJZ0V+pKur2Xj4kWHA==";
pub(crate) const SERVICE_TOKEN: &str = "Qm9ndXM/c2VydmljZSt0b2tlbg==";
pub(crate) const NONCE: i64 = 6_818_559_300_402_877_440;
pub(crate) const CLIENT_SIGN: &str = "Il+hcooRHzknOR6fJshH4sp1TDs=";
pub(crate) const CAPTCHA: &str = "aBcD";
pub(crate) const CODE: &str = "908172";
const ACCOUNT: &str = "https://account.xiaomi.com";

pub(crate) fn identity() -> Identity {
    Identity::new("AZ09AZ09AZ09AZ09".parse::<DeviceId>().unwrap())
}

/// What the server does; the default lets a password in.
#[derive(Default)]
pub(crate) struct Server {
    /// Wants the right characters of an image before it looks at the password.
    pub(crate) captcha: bool,
    /// Wants them before it sends a code as well.
    pub(crate) captcha_on_send: bool,
    /// Wants a verification, by these methods.
    pub(crate) two_step: Vec<i64>,
    /// Shows the page of tips once.
    pub(crate) tips: bool,
    /// Sends by way of a page that asks for a phone number.
    pub(crate) skip: bool,
    /// Keeps the key to itself on the way.
    pub(crate) no_pragma: bool,
    /// Says where to go on only when asked.
    pub(crate) no_location: bool,
    /// Adds a notificationUrl to what is a success.
    pub(crate) stale: bool,
    /// The status of the ticket's next answers.
    pub(crate) ticket_status: Vec<u16>,
    /// Answers of the long poll before the code is scanned.
    pub(crate) polls: Vec<Response>,
    pub(crate) images: u32,
    pub(crate) ick: Option<u32>,
    pub(crate) sent: Vec<&'static str>,
    /// Every path that was asked for, in order.
    pub(crate) log: Vec<String>,
}

pub(crate) fn account(body: Value) -> Response {
    Response::new(200, format!("&&&START&&&{body}"))
}

fn redirect(to: &str) -> Response {
    Response::new(302, "").header("Location", to)
}

struct Asked<'a> {
    request: &'a Request,
    fields: Vec<(String, String)>,
}

impl Asked<'_> {
    fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    fn cookie(&self, name: &str) -> &str {
        let found = self.request.cookies.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.expose())
    }
}

fn decode(text: &str) -> String {
    let bytes = text.replace('+', " ");
    percent_encoding::percent_decode_str(&bytes).decode_utf8().unwrap().into_owned()
}

impl Server {
    pub(crate) fn answer(&mut self, request: &Request) -> Response {
        let (place, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
        let form = request.body.as_ref().map_or("", |body| body.expose());
        let fields = [query, form]
            .iter()
            .flat_map(|fields| fields.split('&'))
            .filter(|field| !field.is_empty())
            .map(|field| field.split_once('=').unwrap_or((field, "")))
            .map(|(name, value)| (name.to_owned(), decode(value)))
            .collect();
        let asked = Asked { request, fields };
        if place == "https://sts.api.io.mi.com/sts" {
            self.log.push("/sts".into());
            return self.ticket(&asked);
        }
        let path = place.strip_prefix(ACCOUNT).unwrap_or_else(|| panic!("where to? {place}"));
        self.log.push(path.to_owned());
        assert_eq!(asked.cookie("deviceId"), "AZ09AZ09AZ09AZ09");
        if path.starts_with("/identity/") && path != "/identity/list" {
            assert_eq!(asked.cookie("identity_session"), "long/value+with=signs", "{path}");
        }
        match path {
            "/pass/serviceLogin" => self.first(&asked, query),
            "/pass/serviceLoginAuth2" => self.auth(&asked, form),
            "/pass/getCode" => {
                self.images += 1;
                self.ick = Some(self.images);
                Response::new(200, *b"\xff\xd8\xff image")
                    .header("Content-Type", "image/jpeg")
                    .header("Set-Cookie", format!("ick=\"k{}\"; Path=/; HttpOnly", self.images))
            }
            "/identity/list" => {
                assert_eq!((asked.field("sid"), asked.field("context")), ("xiaomiio", "c+/="));
                let (flag, options) = (self.two_step[0], &self.two_step);
                account(json!({ "code": 2, "flag": flag, "options": options })).header(
                    "Set-Cookie",
                    "identity_session=long/value+with=signs; Domain=.xiaomi.com",
                )
            }
            "/identity/auth/verifyPhone" | "/identity/auth/verifyEmail" => {
                let (flag, key, masked, sent) = match path.ends_with("Phone") {
                    true => ("4", "maskedPhone", "138******00", "Phone"),
                    false => ("8", "maskedEmail", "u***@example.com", "Email"),
                };
                assert_eq!(asked.field("_flag"), flag);
                if request.method.name() == "GET" {
                    return account(json!({ "code": 0, key: masked }));
                }
                assert_eq!(asked.field("trust"), "true");
                if asked.field("ticket") != CODE || !self.sent.contains(&sent) {
                    return account(json!({ "code": 70014 }));
                }
                if self.no_location {
                    return account(json!({ "code": 2 }));
                }
                let location = format!("{ACCOUNT}/identity/result/check?sid=xiaomiio&context=x");
                account(json!({ "code": 0, "location": location }))
            }
            "/identity/auth/sendPhoneTicket" => self.send(&asked, "Phone"),
            "/identity/auth/sendEmailTicket" => self.send(&asked, "Email"),
            "/identity/result/check" => redirect(&self.after_check()),
            "/pass/serviceLoginAuth2/end" => self.end(),
            "/longPolling/loginUrl" => {
                assert!(query.contains("qs=%253Fsid%253Dxiaomiio%2526_json%253Dtrue&"), "{query}");
                assert_eq!(asked.field("callback"), "https://sts.api.io.mi.com/sts");
                account(json!({
                    "code": 0, "loginUrl": "https://account.xiaomi.com/longPolling/login?ticket=lp_1",
                    "qr": "https://account.xiaomi.com/qr.png",
                    "lp": "https://account.xiaomi.com/lp/s?k=1", "timeout": 300,
                }))
            }
            "/lp/s" => match self.polls.is_empty() {
                true => account(success()),
                false => self.polls.remove(0),
            },
            other => panic!("nobody asks for {other}"),
        }
    }

    fn first(&self, asked: &Asked<'_>, query: &str) -> Response {
        assert_eq!(query, "sid=xiaomiio&_json=true");
        if asked.cookie("passToken") == PASS_TOKEN && asked.cookie("userId") == "1234567890" {
            return account(success());
        }
        // As it was reported, the location included.
        account(json!({
            "serviceParam": "{\"checkSafePhone\":false}", "qs": "%3Fsid%3Dxiaomiio%26_json%3Dtrue",
            "code": 70016, "description": "登录验证失败", "securityStatus": 0,
            "_sign": "0psXfr43eNI0IX6q9Suk3qWbRqU=", "sid": "xiaomiio", "result": "error",
            "captchaUrl": null, "callback": "https://sts.api.io.mi.com/sts",
            "location": "https://account.xiaomi.com/fe/service/login?_json=true", "pwd": 0, "child": 0,
        }))
    }

    fn auth(&mut self, asked: &Asked<'_>, form: &str) -> Response {
        let start = format!(
            "sid=xiaomiio&hash={}&callback=https%3A%2F%2Fsts.api.io.mi.com%2Fsts\
             &qs=%253Fsid%253Dxiaomiio%2526_json%253Dtrue&user=user%40example.com\
             &_sign=0psXfr43eNI0IX6q9Suk3qWbRqU%3D&_json=true",
            asked.field("hash")
        );
        assert!(form.starts_with(&start), "{form}");
        if self.captcha && !self.is_read(asked, "captCode") {
            return captcha();
        }
        self.captcha = false;
        if asked.field("hash") != HASH {
            return account(json!({ "code": 70016, "desc": "登录验证失败", "location": "" }));
        }
        if !self.two_step.is_empty() {
            // A code of 0 is no success.
            return account(json!({
                "code": 0, "result": "ok", "location": "", "securityStatus": 16, "ssecurity": null,
                "notificationUrl": "/fe/service/identity/authStart?sid=xiaomiio&context=c%2B%2F%3D&_locale=zh_CN",
            }));
        }
        let mut body = success();
        if self.stale {
            body["notificationUrl"] = "https://account.xiaomi.com/identity/authStart?sid=x".into();
        }
        account(body)
    }

    /// Whether the image of the cookie was read, which counts once.
    fn is_read(&mut self, asked: &Asked<'_>, field: &str) -> bool {
        let ick = self.ick.take().map(|ick| format!("k{ick}"));
        asked.field(field) == CAPTCHA && ick.as_deref() == Some(asked.cookie("ick"))
    }

    fn send(&mut self, asked: &Asked<'_>, channel: &'static str) -> Response {
        assert_eq!((asked.field("retry"), asked.field("_json")), ("0", "true"));
        if self.captcha_on_send && !self.is_read(asked, "icode") {
            return account(json!({
                "code": 87001, "reason": "CAPTCHA_VERIFY_ERROR", "type": "manMachine",
                "captchaUrl": "https://account.xiaomi.com/pass/getCode?icodeType=antispam&0.4",
            }));
        }
        self.sent.push(channel);
        account(json!({ "code": 0 }))
    }

    fn after_check(&self) -> String {
        let end = format!("{ACCOUNT}/pass/serviceLoginAuth2/end?ticket=1");
        if self.skip {
            let end =
                end.replace(':', "%3A").replace('/', "%2F").replace('?', "%3F").replace('=', "%3D");
            return format!("/fe/service/account/confirm?skipUrl={end}");
        }
        end
    }

    fn end(&mut self) -> Response {
        if std::mem::take(&mut self.tips) {
            return Response::new(200, "<html><title>Xiaomi Account - Tips</title></html>");
        }
        let pragma = json!({ "nonce": NONCE, "psecurity": "x", "ssecurity": SSECURITY });
        let response = redirect("https://sts.api.io.mi.com/sts?d=1&ticket=0&nonce=x&_ssign=y")
            .header("Set-Cookie", format!("passToken={PASS_TOKEN}; Domain=.xiaomi.com"))
            .header("Set-Cookie", "userId=1234567890; Domain=.xiaomi.com")
            .header("Set-Cookie", "cUserId=c-1; Domain=.xiaomi.com");
        match self.no_pragma {
            true => response,
            false => response.header("extension-pragma", pragma.to_string()),
        }
    }

    fn ticket(&mut self, asked: &Asked<'_>) -> Response {
        assert!(asked.request.cookies.is_empty(), "another server's cookies");
        if !self.ticket_status.is_empty() {
            return Response::new(self.ticket_status.remove(0), "");
        }
        assert_eq!(asked.field("ticket"), "0");
        // Whoever has not seen the key yet cannot sign.
        let tickets = self.log.iter().filter(|path| *path == "/sts").count();
        if !self.no_pragma || tickets > 1 {
            assert_eq!(asked.field("clientSign"), CLIENT_SIGN);
        }
        Response::new(200, "ok")
            .header(
                "Set-Cookie",
                format!("serviceToken=\"{SERVICE_TOKEN}\"; Domain=.sts.api.io.mi.com"),
            )
            .header("Set-Cookie", "userId=1234567890; Domain=.io.mi.com")
    }
}

fn captcha() -> Response {
    account(json!({
        "code": 87001, "description": "验证码输入错误", "result": "error", "location": "",
        "captchaUrl": "/pass/getCode?icodeType=login&0.3094213243055923",
    }))
}

pub(crate) fn success() -> Value {
    json!({
        "psecurity": "ZE9G", "nonce": NONCE, "ssecurity": SSECURITY, "passToken": PASS_TOKEN,
        "userId": 1_234_567_890, "cUserId": "c-1", "securityStatus": 0, "notificationUrl": "",
        "pwd": 1, "child": 0, "code": 0, "result": "ok", "desc": "成功", "captchaUrl": null,
        "location": "https://sts.api.io.mi.com/sts?d=1&ticket=0&pwd=0&p_ts=1&nonce=x&_ssign=y",
    })
}

/// Takes a login to its end, and tells what it asked on the way.
pub(crate) fn drive(
    login: &mut Login,
    server: &mut Server,
    mut answer: impl FnMut(&Challenge) -> Answer,
) -> Result<Session, LoginError> {
    let mut now = Instant::from_origin(Duration::from_secs(1000));
    for _ in 0..100 {
        match login.step(now) {
            Step::Send(request) => {
                assert!(!request.timeout.is_zero());
                let response = server.answer(&request);
                login.handle(now, &response);
            }
            Step::Wait(until) => {
                assert!(until > now);
                now = until;
            }
            Step::Ask(challenge) => {
                let answer = answer(challenge);
                login.answer(answer).unwrap();
            }
            Step::Done(session) => return Ok(session.clone()),
            Step::Failed(error) => return Err(error),
            _ => panic!("a step that nobody knows"),
        }
    }
    panic!("no end: {:?}", server.log);
}
