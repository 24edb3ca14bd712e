//! Specs, from the disk or from the server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use iot_home_core::{Clock, Random as _, SystemRandom};
use iot_home_http::HttpClient;
use iot_home_http::bytes::Bytes;
use tokio::sync::Mutex;

use super::builder::Builder;
use super::cache::{Cache, Stored};
use super::error::{Cause, Error};
use super::fetch::{Answer, Question, fetch};
use crate::{Instance, Kind, Languages, Models, ParseError, Spec, Urn};

/// The spec server, and what is kept of it on the disk. Cloning it is cheap.
///
/// The list of models is good for a day, and longer where no server answers; an instance never changes, since its
/// version is part of its name. A server that fails is followed by the next one: Xiaomi's by its mirror.
#[derive(Clone)]
pub struct SpecServer(Arc<Shared>);

pub(super) struct Setup {
    pub(super) http: Arc<dyn HttpClient>,
    pub(super) clock: Arc<dyn Clock + Send + Sync>,
    /// One at least.
    pub(super) urls: Vec<String>,
    pub(super) cache: Option<Cache>,
    pub(super) refresh: bool,
}

struct Shared {
    setup: Setup,
    /// Whoever wants the list while it is fetched waits for it.
    models: Mutex<Option<Held>>,
}

struct Held {
    models: Arc<Models>,
    /// Unix time: when it was put here, and until when it is good.
    since: Duration,
    until: Duration,
}

impl SpecServer {
    pub(super) fn new(setup: Setup) -> Self {
        Self(Arc::new(Shared { setup, models: Mutex::new(None) }))
    }

    /// Says what the client is to be like.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The spec of a model: of its newest released version, or where none is released of the newest.
    ///
    /// # Errors
    /// [`UnknownModel`](super::ErrorKind::UnknownModel) when the list has no such model; else as for
    /// [`models`](Self::models) and [`instance`](Self::instance).
    ///
    /// # Cancel safety
    /// Nothing is lost but what was being fetched.
    pub async fn spec(&self, model: &str) -> Result<Spec, Error> {
        let models = self.models().await?;
        let Some(release) = models.newest(model) else {
            let near = models.near(model).into_iter().map(Into::into).collect();
            let model: String = model.chars().take(64).collect();
            return Err(Error::new(Cause::Model { model: model.into(), near }));
        };
        self.instance(&release.urn).await
    }

    /// The spec of an instance. A device's entry in the cloud names its own.
    ///
    /// # Errors
    /// [`NotFound`](super::ErrorKind::NotFound) when the server has none of this name or the name is none of a
    /// device, others when no server answers as it should.
    ///
    /// # Cancel safety
    /// Nothing is lost but what was being fetched.
    pub async fn instance(&self, urn: &Urn) -> Result<Spec, Error> {
        if urn.kind() != Kind::Device {
            return Err(Error::new(Cause::NotFound(urn.clone())));
        }
        let question = Question {
            path: format!("/miot-spec-v2/instance?type={urn}"),
            urn: Some(urn.clone()),
            longest: LONGEST,
            patience: PATIENCE,
        };
        let wanted = urn.clone();
        let read = move |place: &str, body: &[u8]| match Instance::from_json(body) {
            Ok(instance) if instance.urn.as_ref().is_some_and(|urn| *urn != wanted) => {
                Err(Cause::Another { place: place.into() })
            }
            Ok(instance) => Ok(Spec::new(instance)),
            Err(ParseError::Missing(_)) => Err(Cause::NotFound(wanted.clone())),
            Err(error) => Err(Cause::Parse { place: place.into(), error }),
        };
        self.kept(question, read).await
    }

    /// The descriptions of an instance in other languages. They are kept as instances are.
    ///
    /// # Errors
    /// [`NotFound`](super::ErrorKind::NotFound) when the server has none, others when no server answers as it should.
    ///
    /// # Cancel safety
    /// Nothing is lost but what was being fetched.
    pub async fn languages(&self, urn: &Urn) -> Result<Languages, Error> {
        let question = Question {
            path: format!("/instance/v2/multiLanguage?urn={urn}"),
            urn: Some(urn.clone()),
            longest: LONGEST,
            patience: PATIENCE,
        };
        let wanted = urn.clone();
        let read = move |place: &str, body: &[u8]| match Languages::from_json(body) {
            Ok(languages) => Ok(languages),
            Err(ParseError::Missing(_)) => Err(Cause::NotFound(wanted.clone())),
            Err(error) => Err(Cause::Parse { place: place.into(), error }),
        };
        self.kept(question, read).await
    }

    /// The list of all models: from memory or from the disk while it is no older than a day. Where no server answers, an
    /// older one is used, and the servers are asked again after ten minutes.
    ///
    /// # Errors
    /// When no server answers as it should, and no list is there from earlier.
    ///
    /// # Cancel safety
    /// Nothing is lost but what was being fetched.
    pub async fn models(&self) -> Result<Arc<Models>, Error> {
        let Setup { http, clock, urls, refresh, .. } = &self.0.setup;
        let mut held = self.0.models.lock().await;
        let now = clock.unix_time();
        if let Some(held) = held.as_ref().filter(|held| held.since <= now && now < held.until) {
            return Ok(Arc::clone(&held.models));
        }
        let question = Question {
            path: "/miot-spec-v2/instances?status=all".to_owned(),
            urn: None,
            longest: LONGEST_LIST,
            patience: PATIENCE_LIST,
        };
        let read = |place: &str, body: &[u8]| {
            Models::from_json(body).map_err(|error| Cause::Parse { place: place.into(), error })
        };
        // It stays there while the servers are asked, since whoever asks may give up.
        let mut older = held.as_ref().map(|held| Arc::clone(&held.models));
        if older.is_none() && !refresh {
            let stored = self.load(&question).await;
            let stored = stored.map(|stored| async move {
                let fetched = stored.fetched;
                let read = tokio::task::spawn_blocking(move || read("", &stored.body)).await;
                Some((fetched, Arc::new(read.ok()?.ok()?)))
            });
            if let Some(stored) = stored
                && let Some((fetched, models)) = stored.await
            {
                let until = fetched.saturating_add(DAY);
                if fetched <= now && now < until {
                    *held = Some(Held { models: Arc::clone(&models), since: now, until });
                    return Ok(models);
                }
                older = Some(models);
            }
        }
        let (models, good) = match fetch(&**http, urls, &question, read).await {
            Ok(Answer { read, body }) => {
                self.save(&question, now, body).await;
                (Arc::new(read), DAY)
            }
            Err(error) => match older {
                Some(models) if !refresh => {
                    tracing::warn!(%error, "an older list of models is used");
                    (models, RETRY)
                }
                _ => return Err(error),
            },
        };
        let until = now.saturating_add(good);
        *held = Some(Held { models: Arc::clone(&models), since: now, until });
        Ok(models)
    }

    /// What is on the disk, however old; else from a server, and then to the disk.
    async fn kept<T, R>(&self, question: Question, read: R) -> Result<T, Error>
    where
        T: Send + 'static,
        R: Fn(&str, &[u8]) -> Result<T, Cause> + Clone + Send + 'static,
    {
        let Setup { http, clock, urls, refresh, .. } = &self.0.setup;
        if !refresh
            && let Some(stored) = self.load(&question).await
            && let Ok(read) = read("", &stored.body)
        {
            return Ok(read);
        }
        let answer = fetch(&**http, urls, &question, read).await?;
        self.save(&question, clock.unix_time(), answer.body).await;
        Ok(answer.read)
    }

    async fn load(&self, question: &Question) -> Option<Stored> {
        let cache = self.0.setup.cache.clone()?;
        let (address, longest) = (self.address(question), question.longest);
        tokio::task::spawn_blocking(move || cache.load(&address, longest)).await.ok()?
    }

    async fn save(&self, question: &Question, now: Duration, body: Bytes) {
        let Some(cache) = self.0.setup.cache.clone() else { return };
        let address = self.address(question);
        let mark = SystemRandom::new().next_u64();
        let saved =
            tokio::task::spawn_blocking(move || cache.save(&address, now, &body, mark)).await;
        if let Ok(Err(error)) = saved {
            tracing::warn!(%error, "an answer of the spec server is not kept");
        }
    }

    /// An answer of a mirror is kept as that of the server it mirrors.
    fn address(&self, question: &Question) -> String {
        let first = self.0.setup.urls.first().map_or("", String::as_str);
        format!("{first}{}", question.path)
    }
}

impl fmt::Debug for SpecServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setup { urls, cache, refresh, .. } = &self.0.setup;
        f.debug_struct("SpecServer")
            .field("urls", urls)
            .field("cache", cache)
            .field("refresh", refresh)
            .finish_non_exhaustive()
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the servers are left alone while none answers and an older list does.
const RETRY: Duration = Duration::from_secs(10 * 60);

/// An instance has some ten kilobytes, its descriptions a hundred.
const LONGEST: usize = 4 << 20;
const PATIENCE: Duration = Duration::from_secs(20);

/// The list of models has several megabytes.
const LONGEST_LIST: usize = 64 << 20;
const PATIENCE_LIST: Duration = Duration::from_secs(90);
