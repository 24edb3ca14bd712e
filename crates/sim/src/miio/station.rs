//! The device's way into a Wi-Fi, and what it does with itself: restarting, forgetting, remembering.

use std::time::Duration;

use iot_home_core::Instant;
use iot_home_miio::{DeviceError, Token};
use serde_json::{Value, json};

use crate::miio::access_point::AccessPoint;
use crate::miio::answer::ok;
use crate::miio::faults::Beyond;
use crate::miio::methods::Outcome;
use crate::miio::refusals::Refusals;
use crate::miio::report::count;
use crate::miio::store::Store;
use crate::miio::updater::{UpdateFault, Updater};

/// The network side of a device.
#[derive(Debug, Default)]
pub(crate) struct Station {
    pub(crate) access_point: Option<AccessPoint>,
    provisioned: bool,
    away: Option<Away>,
    association: Association,
    store: Store,
    pub(crate) updater: Updater,
    #[cfg(feature = "provisioning-secure")]
    pub(crate) pairing: crate::miio::pairing::Pairing,
}

/// The time in which a device hears nothing.
#[derive(Debug)]
struct Away {
    from: Instant,
    until: Instant,
    then: Then,
}

/// As what a device comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It has joined a Wi-Fi.
    Joined,
    /// It is the access point that it was.
    NotJoined,
    /// It has started again.
    Restarted,
    /// It knows no Wi-Fi any more, and has another token.
    Reset,
}

#[derive(Clone, Copy, Debug, Default)]
struct Association {
    auth_fail: u64,
    conn_success: u64,
    conn_fail: u64,
}

impl Station {
    pub(crate) fn new(access_point: Option<AccessPoint>, fault: UpdateFault) -> Self {
        let provisioned = access_point.is_none();
        let updater = Updater::new(fault);
        Self { access_point, provisioned, updater, ..Self::default() }
    }

    /// Goes on with an update; whether an image was installed.
    pub(crate) fn update(&mut self, now: Instant) -> bool {
        let installed = self.updater.advance(now);
        if let Some(at) = installed {
            self.leave(at, Duration::ZERO, RESTART, Then::Restarted);
        }
        installed.is_some()
    }

    /// Whether the device hears nothing at the moment.
    pub(crate) fn is_away(&self, now: Instant) -> bool {
        self.away.as_ref().is_some_and(|away| away.from <= now && now < away.until)
    }

    /// When the device comes back.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.away.as_ref().map(|away| away.until)
    }

    /// The device comes back, if it is time: when it did, and as what.
    pub(crate) fn arrive(&mut self, now: Instant) -> Option<(Instant, Then)> {
        let Away { until, then, .. } = self.away.take_if(|away| away.until <= now)?;
        match then {
            Then::Joined => self.provisioned = true,
            Then::Reset => {
                self.provisioned = false;
                self.association = Association::default();
                self.access_point.get_or_insert_default();
            }
            Then::NotJoined | Then::Restarted => {}
        }
        #[cfg(feature = "provisioning-secure")]
        self.pairing.forget();
        Some((until, then))
    }

    /// Carries out what concerns the device itself; nothing for all other methods.
    pub(crate) fn call(
        &mut self,
        refusals: &mut Refusals,
        now: Instant,
        token: &Token,
        method: &str,
        params: &Value,
    ) -> Option<Outcome> {
        #[cfg(not(feature = "provisioning-secure"))]
        let _ = token;
        let body = match method {
            "miIO.config_router" => return Some(self.config_router(refusals, now, params)),
            #[cfg(feature = "provisioning-secure")]
            "miIO.config_router_safe" => {
                return Some(self.config_router_safe(refusals, now, params));
            }
            #[cfg(feature = "provisioning-secure")]
            "miIO.handshake" if self.is_secure() && !self.provisioned => {
                self.handshake(refusals, token, params)
            }
            "miIO.stop_diag_mode" => Ok(ok()),
            "miIO.wifi_assoc_state" => Ok(self.association(self.access_point.as_ref()?)),
            "miIO.switch_wifi_ssid" => self.switch(refusals, now, params),
            "miIO.reboot" => {
                self.leave(now, LINGER, RESTART, Then::Restarted);
                Ok(ok())
            }
            "miIO.restore" => {
                self.leave(now, LINGER, RESTART, Then::Reset);
                Ok(ok())
            }
            _ => match self.updater.call(refusals, method, params) {
                Some(body) => body,
                None => self.store.call(refusals, method, params)?,
            },
        };
        Some(match body {
            Ok(result) => Outcome::done(Ok(result)),
            Err(error) => Outcome::refused(error),
        })
    }

    fn config_router(&mut self, refusals: &mut Refusals, now: Instant, params: &Value) -> Outcome {
        #[cfg(feature = "provisioning-secure")]
        if self.is_secure() && !self.provisioned {
            count(&mut refusals.plain);
            return Outcome::refused(DeviceError::new(Some(-32601), "Method not found."));
        }
        self.take_network(refusals, now, params)
    }

    /// The settings of a Wi-Fi, however they came.
    pub(crate) fn take_network(
        &mut self,
        refusals: &mut Refusals,
        now: Instant,
        params: &Value,
    ) -> Outcome {
        let access_point = match &self.access_point {
            Some(access_point) if !self.provisioned && self.away.is_none() => access_point.clone(),
            _ => {
                count(&mut refusals.provisioned);
                return Outcome::refused(DeviceError::new(Some(-30015), "permission denied"));
            }
        };
        let text = |key: &str| params.get(key).and_then(Value::as_str);
        let uid = params.get("uid").and_then(Value::as_u64);
        let (Some(ssid), Some(password), Some(uid)) = (text("ssid"), text("passwd"), uid) else {
            count(&mut refusals.bad_params);
            return Outcome::refused(bad_params());
        };
        let reason = if ssid.is_empty() || ssid.len() > MAX_SSID {
            &mut refusals.bad_params
        } else if access_point.plain_characters
            && (ssid.contains(FORBIDDEN) || password.contains(FORBIDDEN))
        {
            &mut refusals.forbidden_character
        } else if access_point.needs_uid && uid == 0 {
            &mut refusals.no_uid
        } else {
            let then = self.join(&access_point, ssid, password);
            // Where the answer is lost, the device has left before it was sent.
            let linger = access_point.acknowledges.result().map_or(Duration::ZERO, |_| LINGER);
            self.leave(now, linger, access_point.away_for, then);
            return match access_point.acknowledges.result() {
                Some(result) => Outcome::done(Ok(result)),
                None => Outcome { damage: Some(Beyond::Silence), ..Outcome::done(Ok(ok())) },
            };
        };
        count(reason);
        Outcome::refused(DeviceError::new(Some(-32603), "config router failed"))
    }

    fn switch(
        &mut self,
        refusals: &mut Refusals,
        now: Instant,
        params: &Value,
    ) -> Result<Value, DeviceError> {
        let text = |key: &str| params.get(key).and_then(Value::as_str);
        let (Some(ssid), Some(password)) = (text("ssid"), text("pwd")) else {
            count(&mut refusals.bad_params);
            return Err(bad_params());
        };
        let access_point = self.access_point.clone().unwrap_or_default();
        // A device that cannot join another network stays in the one it is in.
        self.join(&access_point, ssid, password);
        self.leave(now, LINGER, access_point.away_for, Then::Restarted);
        Ok(ok())
    }

    fn join(&mut self, access_point: &AccessPoint, ssid: &str, password: &str) -> Then {
        let Association { auth_fail, conn_success, conn_fail } = &mut self.association;
        match &access_point.network {
            Some((known, _)) if known != ssid => count(conn_fail),
            Some((_, right)) if right.expose() != password => count(auth_fail),
            _ => {
                count(conn_success);
                return Then::Joined;
            }
        }
        Then::NotJoined
    }

    fn association(&self, _: &AccessPoint) -> Value {
        let Association { auth_fail, conn_success, conn_fail } = self.association;
        json!({
            "state": if self.provisioned { "ONLINE" } else { "UNPROVISIONED" },
            "auth_fail_count": auth_fail,
            "conn_success_count": conn_success,
            "conn_fail_count": conn_fail,
            "dhcp_fail_count": 0,
        })
    }

    fn leave(&mut self, now: Instant, linger: Duration, away: Duration, then: Then) {
        let from = now + linger;
        // What it was told first, it does.
        self.away.get_or_insert(Away { from, until: from + away, then });
    }
}

pub(crate) fn bad_params() -> DeviceError {
    DeviceError::new(Some(-32602), "Invalid params.")
}

const MAX_SSID: usize = 32;
const FORBIDDEN: [char; 6] = [';', '\\', '/', '#', '\'', '"'];
/// How long a device still hears what it is told while it is about to leave.
const LINGER: Duration = Duration::from_millis(300);
/// How long it takes to start again.
const RESTART: Duration = Duration::from_secs(2);
