//! Which models a spec server knows.

use std::net::{Ipv4Addr, SocketAddr};

use iot_home_miot::samples;
use serde_json::Value;

use crate::miot::faults::Faults;
use crate::miot::machine::{Instance, Machine};

/// Which models a spec server knows. [`spawn`](Self::spawn) puts it on its socket.
#[derive(Clone, Debug)]
pub struct Builder {
    pub(crate) listen: SocketAddr,
    models: Vec<(String, String)>,
    faults: Faults,
}

impl Builder {
    pub(crate) fn new() -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { listen, models: Vec::new(), faults: Faults::default() }
    }

    /// Where it listens: a free port of 127.0.0.1 by default.
    #[must_use]
    pub fn listen(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.listen = addr.into();
        self
    }

    /// Listens at this address of the machine, where it was not told another one than loopback's.
    #[cfg(feature = "home")]
    pub(crate) fn at(mut self, ip: std::net::IpAddr) -> Self {
        crate::home::move_to(&mut self.listen, ip);
        self
    }

    /// One more model, and its instance as the server's JSON.
    #[must_use]
    pub fn instance(mut self, model: impl Into<String>, json: impl Into<String>) -> Self {
        self.models.push((model.into(), json.into()));
        self
    }

    /// The models of [`iot_home_miot::samples`], which describe simulated devices.
    #[must_use]
    pub fn samples(self) -> Self {
        samples::ALL.into_iter().fold(self, |new, sample| new.instance(sample.model, sample.json))
    }

    /// What goes wrong.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    pub(crate) fn build(self) -> Result<Machine, BuildError> {
        let instance = |(model, json): (String, String)| {
            let urn = serde_json::from_str::<Value>(&json).ok();
            let urn = urn.and_then(|instance| Some(instance.get("type")?.as_str()?.to_owned()));
            match urn {
                Some(urn) => Ok(Instance { model, urn, json }),
                None => Err(BuildError { model }),
            }
        };
        let instances = self.models.into_iter().map(instance).collect::<Result<_, _>>()?;
        Ok(Machine::new(instances, self.faults))
    }
}

/// What was given as an instance is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the instance of {model} is no JSON object with a `type`, which is its URN")]
#[non_exhaustive]
pub struct BuildError {
    /// Of which model.
    pub model: String,
}
