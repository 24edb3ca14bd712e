//! Music: the bulb connects to the client and takes commands there, without answers and without a quota.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use iot_home_core::Instant;
use iot_home_yeelight::Property;

use crate::yeelight::machine::outbox::{Connection, Role};
use crate::yeelight::machine::{ConnectionId, Machine, Output};
use crate::yeelight::params::Params;
use crate::yeelight::quirk::Quirk;
use crate::yeelight::refusal::Refusal;
use crate::yeelight::report::count;

/// The connection for music.
#[derive(Debug)]
pub(super) struct Music {
    connection: ConnectionId,
}

impl Machine {
    /// 1, the client's address and its port; or 0.
    pub(super) fn set_music(&mut self, now: Instant, params: Params<'_>) -> Result<(), Refusal> {
        if params.count(1..)?.within(0, 0..=1)? == 0 {
            params.count(1..=1)?;
            if self.music.is_none() {
                return Err(Refusal::State);
            }
            self.end_music(now);
            return Ok(());
        }
        params.count(3..=3)?;
        let host: Ipv4Addr = params.text(1)?.parse().map_err(|_| Refusal::Range)?;
        let port = params.within(2, 1..=i64::from(u16::MAX))?;
        let to = SocketAddr::new(IpAddr::V4(host), u16::try_from(port).unwrap_or_default());
        if self.mischief.has(Quirk::MusicRefused) {
            return Err(Refusal::State);
        }
        self.end_music(now);
        let connection = self.new_connection_id();
        self.music = Some(Music { connection });
        if self.mischief.has(Quirk::MusicNoConnection) {
            return Ok(());
        }
        self.outbox.push(now, now, Output::ConnectBack { connection, to });
        Ok(())
    }

    /// The connection that [`Output::ConnectBack`] asked for stands. False when it is not wanted any
    /// more.
    pub fn connected_back(&mut self, now: Instant, connection: ConnectionId) -> bool {
        self.handle_timeout(now);
        let wanted = self.music.as_ref().is_some_and(|music| music.connection == connection)
            && !self.connections.contains_key(&connection);
        if wanted {
            count(&mut self.report.music_connections);
            self.connections.insert(connection, Connection::new(Role::Music));
            self.lamp.properties.set(&Property::MusicOn, 1);
            self.tell_changes(now);
        }
        wanted
    }

    /// Ends music, whether or not the connection stands.
    pub(super) fn end_music(&mut self, now: Instant) {
        if let Some(Music { connection }) = self.music.take() {
            self.outbox.close(now, &mut self.connections, connection);
            self.lamp.properties.set(&Property::MusicOn, 0);
        }
    }

    /// A connection is closed, or could not be made; perhaps it was the one for music.
    pub(super) fn music_ended(&mut self, now: Instant, connection: ConnectionId) {
        if self.music.as_ref().is_some_and(|music| music.connection == connection) {
            self.music = None;
            self.lamp.properties.set(&Property::MusicOn, 0);
            self.tell_changes(now);
        }
    }
}
