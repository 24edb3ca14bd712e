//! The documents that the platform keeps of a device.

use iot_home_mqtt::Publication;
use serde::Serialize;

use super::thing::{form, parse, text};
use super::{Error, Thing};
use crate::thing::shadow::{self, State};
use crate::thing::{What, template};

/// The Hub's shadow, or the Explorer's properties in their old form. Values are objects, as they came, and empty where there
/// are none.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Shadow {
    /// Its version, which the next change may name.
    pub version: Option<u64>,
    /// The values that the device told.
    pub reported: String,
    /// Those that are wanted.
    pub desired: String,
    /// Those that are wanted and are not so.
    pub delta: String,
}

impl Thing {
    /// The Hub's shadow.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn shadow(&self) -> Result<Shadow, Error> {
        self.ask_document(shadow::get(&self.topics, &self.token())?).await
    }

    /// These values are so: the Hub's shadow is told. The version, where one is said, has to be the shadow's own;
    /// [`VERSION_CONFLICT`](crate::thing::Code::VERSION_CONFLICT) where it is another. The answer is the new one.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn update_shadow(
        &self,
        reported: &(impl Serialize + ?Sized),
        version: Option<u64>,
    ) -> Result<Option<u64>, Error> {
        let call = shadow::update(&self.topics, &self.token(), reported, version)?;
        Ok(self.ask_document(call).await?.version)
    }

    /// The same, and what was wanted is wanted no more.
    ///
    /// # Errors
    /// As for [`update_shadow`](Self::update_shadow).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn take_over_shadow(
        &self,
        reported: &(impl Serialize + ?Sized),
        version: Option<u64>,
    ) -> Result<Option<u64>, Error> {
        let call = shadow::take_over(&self.topics, &self.token(), reported, version)?;
        Ok(self.ask_document(call).await?.version)
    }

    /// The Explorer's properties in their old form. From the first call about them on, whatever is wanted of them is an
    /// [event](super::Event::TemplateDelta); what was wanted before is in the answer.
    ///
    /// # Errors
    /// As for [`report`](Self::report).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn template(&self) -> Result<Shadow, Error> {
        self.ask_document(template::get(&self.topics, &self.token())?).await
    }

    /// These properties are so, in their old form: as for the [shadow](Self::update_shadow).
    ///
    /// # Errors
    /// As for [`update_shadow`](Self::update_shadow).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn update_template(
        &self,
        reported: &(impl Serialize + ?Sized),
        version: Option<u64>,
    ) -> Result<Option<u64>, Error> {
        let call = template::update(&self.topics, &self.token(), reported, version)?;
        Ok(self.ask_document(call).await?.version)
    }

    /// The same, and what was wanted is wanted no more.
    ///
    /// # Errors
    /// As for [`update_shadow`](Self::update_shadow).
    ///
    /// # Cancel safety
    /// As for [`report`](Self::report).
    pub async fn take_over_template(
        &self,
        reported: &(impl Serialize + ?Sized),
        version: Option<u64>,
    ) -> Result<Option<u64>, Error> {
        let call = template::take_over(&self.topics, &self.token(), reported, version)?;
        Ok(self.ask_document(call).await?.version)
    }

    async fn ask_document(&self, publication: Publication) -> Result<Shadow, Error> {
        let answer = self.ask(publication).await?;
        let (What::Shadow(shadow) | What::Template(shadow)) = parse(&answer)?.what else {
            return Err(form());
        };
        if let Some(code) = shadow.result.filter(|code| !code.is_success()) {
            return Err(Error::refusal(code));
        }
        let Some(remembered) = shadow.payload else { return Ok(Shadow::default()) };
        let state: State<'_> = match remembered.state {
            Some(state) => state.parse()?,
            None => State::default(),
        };
        Ok(Shadow {
            version: remembered.version,
            reported: text(state.reported),
            desired: text(state.desired),
            delta: text(state.delta),
        })
    }
}
