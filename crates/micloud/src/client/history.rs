//! What devices said in the past, and messages to the account.

use std::ops::Range;

use iot_home_core::Did;
use serde_json::Value;

use super::cloud::MiCloud;
use super::error::Error;
use crate::api::{self, DataKind, Group, History, Message};

impl MiCloud {
    /// Values or events of a device within a time, in seconds since 1970.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn device_data(
        &self,
        did: &Did,
        kind: DataKind,
        key: &str,
        time: Range<i64>,
        limit: u32,
    ) -> Result<History, Error> {
        self.send(&api::device_data(did, kind, key, time, limit)).await
    }

    /// What a device's log has, in the app's words; `limit` is 1 to 50.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn device_log(
        &self,
        did: &Did,
        time: Range<i64>,
        limit: u32,
    ) -> Result<Value, Error> {
        self.send(&api::device_log(did, time, limit)).await
    }

    /// Values of a device, gathered by hour, day, week or month.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn statistics(
        &self,
        did: &Did,
        key: &str,
        group: Group,
        time: Range<i64>,
        limit: u32,
    ) -> Result<History, Error> {
        self.send(&api::statistics(did, key, group, time, limit)).await
    }

    /// The account's latest messages.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn messages(&self) -> Result<Vec<Message>, Error> {
        Ok(self.send(&api::messages()).await?.messages)
    }

    /// Whether there are messages since a time, in seconds since 1970. A cheap way to see whether a login is still good.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn check_messages(&self, begin_at: i64) -> Result<Value, Error> {
        self.send(&api::check_messages(begin_at)).await
    }
}
