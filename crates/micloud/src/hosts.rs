//! Where the servers are.

use crate::Region;
use crate::url::Url;

/// The addresses of the servers: Xiaomi's own, or those that stand in for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    account: String,
    sts: String,
    api: Option<String>,
}

impl Default for Hosts {
    fn default() -> Self {
        Self {
            account: "https://account.xiaomi.com".into(),
            sts: "https://sts.api.io.mi.com/sts".into(),
            api: None,
        }
    }
}

impl Hosts {
    /// Logs in at this address instead of `https://account.xiaomi.com`.
    ///
    /// # Errors
    /// When it is no HTTPS address, or an HTTP address that is not of this machine.
    pub fn account(mut self, url: &str) -> Result<Self, InvalidUrl> {
        self.account = checked(url)?;
        Ok(self)
    }

    /// Exchanges tickets at this address instead of `https://sts.api.io.mi.com/sts`; without a path, at its `/sts`.
    ///
    /// # Errors
    /// As for [`account`](Self::account).
    pub fn sts(mut self, url: &str) -> Result<Self, InvalidUrl> {
        self.sts = with_path(checked(url)?, "/sts");
        Ok(self)
    }

    /// Calls this address, for all regions and services, instead of `https://…api.io.mi.com/app`; without a
    /// path, its `/app`. Where it says `{region}`, the region's two letters are put.
    ///
    /// # Errors
    /// As for [`account`](Self::account).
    pub fn api(mut self, url: &str) -> Result<Self, InvalidUrl> {
        self.api = Some(with_path(checked(url)?, "/app"));
        Ok(self)
    }

    pub(crate) fn account_url(&self) -> &str {
        &self.account
    }

    pub(crate) fn sts_url(&self) -> &str {
        &self.sts
    }

    /// What the path of a call is put behind.
    pub(crate) fn service(&self, service: Service, region: Region) -> String {
        let (letters, region) = (region.name(), region.prefix());
        match (&self.api, service) {
            (Some(api), Service::App) => api.replace("{region}", letters),
            // The paths of the cameras' hosts have no prefix.
            (Some(api), _) => Url::parse(api).map(|url| url.origin()).unwrap_or_default(),
            (None, Service::App) => format!("https://{region}api.io.mi.com/app"),
            (None, Service::Camera) => {
                format!("https://{region}business.smartcamera.api.io.mi.com")
            }
            (None, Service::CameraProcessor) => {
                format!("https://{region}processor.smartcamera.api.io.mi.com")
            }
        }
    }

    /// Whether requests to this host are the API's.
    pub(crate) fn is_api(&self, url: &Url<'_>) -> bool {
        let ours = self.api.as_deref().and_then(Url::parse);
        if ours.is_some_and(|api| api.authority.eq_ignore_ascii_case(url.authority)) {
            return true;
        }
        let host = url.host().to_ascii_lowercase();
        let of = |domain: &str| {
            host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        (of("api.io.mi.com") || of("api.mijia.tech")) && !host.starts_with("sts.")
    }

    /// Whether the cookies of the account's server may go there.
    pub(crate) fn is_account(&self, url: &Url<'_>) -> bool {
        let Some(account) = Url::parse(&self.account) else { return false };
        let host = url.host();
        (account.scheme == url.scheme && account.authority == url.authority)
            || (account.host() == "account.xiaomi.com"
                && url.scheme == "https"
                && (host == "xiaomi.com" || host.ends_with(".xiaomi.com")))
    }

    /// Whether this is where tickets are exchanged.
    pub(crate) fn is_sts(&self, url: &Url<'_>) -> bool {
        let Some(sts) = Url::parse(&self.sts) else { return false };
        let own = sts.origin() == url.origin() && sts.path == url.path;
        // Other services have their own.
        own || (sts.host() == "sts.api.io.mi.com"
            && url.scheme == "https"
            && url.path.ends_with("/sts")
            && (url.host().ends_with(".mi.com") || url.host().ends_with(".mijia.tech")))
    }
}

/// Which of the services a call is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// The app's API: nearly everything.
    #[default]
    App,
    /// What cameras saw.
    Camera,
    /// Pictures that cameras took.
    CameraProcessor,
}

fn checked(url: &str) -> Result<String, InvalidUrl> {
    let parsed = Url::parse(url).ok_or(InvalidUrl::Form)?;
    if !parsed.query.is_empty() || url.contains(['?', '#']) {
        return Err(InvalidUrl::Query);
    }
    if parsed.scheme == "http" && !parsed.is_loopback() {
        return Err(InvalidUrl::Unprotected);
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn with_path(mut url: String, path: &str) -> String {
    if Url::parse(&url).is_some_and(|url| url.path.is_empty()) {
        url.push_str(path);
    }
    url
}

/// Why an address is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUrl {
    /// It is no address.
    #[error("a server's address is https://HOST, https://HOST:PORT, and a path perhaps")]
    Form,
    /// It has a question mark or a hash.
    #[error("a server's address has neither query nor fragment")]
    Query,
    /// It is HTTP to another machine.
    #[error("http is for this machine alone; a server elsewhere needs https")]
    Unprotected,
}
