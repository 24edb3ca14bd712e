//! Bringing a device into a Wi-Fi by the secure variant.

use iot_home_core::SystemRandom;

use super::Device;
use super::error::Error;
use crate::provisioning::Network;
use crate::provisioning::secure::{Channel, Handshake, Oob, Progress};

impl Device {
    /// Tells a device which Wi-Fi to join, as [`provision`](Self::provision) does, by the secure variant: a handshake of
    /// five exchanges, then `miIO.config_router_safe`. **Experimental:** it was never tried with hardware.
    ///
    /// # Errors
    /// As [`provision`](Self::provision), and [`Untrusted`](super::ErrorKind::Untrusted) when the handshake comes to
    /// nothing: then the device was told nothing.
    ///
    /// # Cancel safety
    /// As [`provision`](Self::provision).
    pub async fn provision_secure(&self, network: &Network, oob: &Oob) -> Result<(), Error> {
        // What cannot be sent is found before the device is asked anything.
        network.request().map_err(|error| Error::network("miIO.config_router_safe", error))?;
        let channel = self.handshake(oob).await?;
        let request = channel.request(network);
        let request = request.map_err(|error| Error::network("miIO.config_router_safe", error))?;
        let secrets = network.secrets().chain([oob.expose()]);
        self.acknowledged(request).await.map_err(|error| error.without(secrets))?;
        self.end_provisioning().await;
        Ok(())
    }

    async fn handshake(&self, oob: &Oob) -> Result<Channel, Error> {
        let failed = |error| Error::handshake(self.addr(), error);
        let cipher = self.cipher();
        let cipher = cipher.ok_or_else(|| Error::closed(self.addr(), "miIO.handshake"))?;
        let mut handshake = Handshake::new(cipher.token(), oob.clone(), &mut SystemRandom::new())
            .map_err(failed)?;
        loop {
            let reply = self.request(handshake.request()).await;
            let reply = reply.map_err(|error| error.without([oob.expose()].into_iter()))?;
            match handshake.handle(reply.text()).map_err(failed)? {
                Progress::Send => {}
                Progress::Done(channel) => return Ok(channel),
            }
        }
    }
}
