//! Which instance belongs to which model.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::names;
use crate::{ParseError, Urn};

/// The list of all models: several versions of each.
#[derive(Clone, Debug, Default)]
pub struct Models {
    /// By model; of one model those that are released last, and the highest version last.
    releases: Vec<Release>,
}

/// One version of a model's instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Release {
    /// The model, as in `acme.light.lamp1`.
    pub model: Box<str>,
    /// The version.
    pub version: u32,
    /// Which instance it is.
    pub urn: Urn,
    /// Whether it is released, rather than a preview or for tests.
    pub released: bool,
}

impl Models {
    /// Reads the answer of `instances?status=…`. Entries that cannot be read are left out; one without a status is
    /// released, as the list of those says nothing of it.
    ///
    /// # Errors
    /// When it is no JSON, or no object with a list of instances.
    pub fn from_json(json: &[u8]) -> Result<Self, ParseError> {
        #[derive(Deserialize)]
        struct Answer<'a> {
            #[serde(borrow)]
            instances: Option<Vec<&'a RawValue>>,
        }
        let answer: Answer<'_> = serde_json::from_slice(json)
            .map_err(|error| ParseError::Json { line: error.line(), column: error.column() })?;
        let entries = answer.instances.ok_or(ParseError::Missing("instances"))?;
        let mut releases: Vec<_> = entries.into_iter().filter_map(Release::read).collect();
        releases.sort_by(|a, b| {
            let key = |release: &Release| (release.released, release.version);
            a.model.cmp(&b.model).then_with(|| key(a).cmp(&key(b)))
        });
        Ok(Self { releases })
    }

    /// All versions of a model. The last one is the [newest](Self::newest).
    pub fn releases(&self, model: &str) -> &[Release] {
        let from = self.releases.partition_point(|release| &*release.model < model);
        let of_it = self.releases.get(from..).unwrap_or_default();
        of_it.get(..of_it.partition_point(|release| &*release.model == model)).unwrap_or_default()
    }

    /// The highest version that is released; where none is, the highest of all.
    pub fn newest(&self, model: &str) -> Option<&Release> {
        self.releases(model).last()
    }

    /// Models that may have been meant, the likeliest first: three at most.
    pub fn near(&self, model: &str) -> Vec<&str> {
        let mut found: Vec<(usize, &str)> = Vec::new();
        for release in &self.releases {
            let known = &*release.model;
            if found.last().is_some_and(|(_, last)| *last == known) {
                continue;
            }
            found.extend(names::distance(model, known).map(|distance| (distance, known)));
        }
        found.sort_unstable();
        found.into_iter().take(3).map(|(_, model)| model).collect()
    }

    /// How many versions of models there are.
    pub fn len(&self) -> usize {
        self.releases.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.releases.is_empty()
    }
}

impl Release {
    fn read(json: &RawValue) -> Option<Self> {
        #[derive(Deserialize)]
        struct Entry<'a> {
            #[serde(borrow)]
            model: Cow<'a, str>,
            #[serde(default)]
            version: Value,
            #[serde(borrow, rename = "type")]
            urn: Cow<'a, str>,
            #[serde(borrow, default)]
            status: Option<Cow<'a, str>>,
        }
        let entry: Entry<'_> = serde_json::from_str(json.get()).ok()?;
        let urn: Urn = entry.urn.parse().ok()?;
        let version = iot_home_core::Lenient::to_i64(&entry.version);
        Some(Self {
            model: entry.model.into(),
            version: version
                .and_then(|version| version.try_into().ok())
                .or_else(|| urn.version())?,
            urn,
            released: entry.status.is_none_or(|status| status == "released"),
        })
    }
}
