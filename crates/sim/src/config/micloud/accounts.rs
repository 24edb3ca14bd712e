//! The keys of an account.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::{ConfigError, read as read_keys};
use crate::micloud::{Account, Verification};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    user: Option<String>,
    password: Option<Value>,
    user_id: Option<u64>,
    captcha: Option<String>,
    refused_with: Option<i64>,
    stale_notification: bool,
    verification: Option<Map<String, Value>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct VerificationKeys {
    code: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    captcha: Option<String>,
    tips: bool,
    skip_url: bool,
    polled: bool,
}

/// Reads an account.
pub(super) fn read(fields: Map<String, Value>) -> Result<Account, ConfigError> {
    let keys: Keys = read_keys(fields)?;
    let user = keys.user.ok_or_else(|| ConfigError::new("user", "has to be there"))?;
    // Of another type its text would get into the error.
    let password = keys.password.as_ref().and_then(Value::as_str);
    let password =
        password.ok_or_else(|| ConfigError::new("password", "has to be there and be a string"))?;
    let mut account = Account::new(user, password);
    if let Some(user_id) = keys.user_id {
        account = account.user_id(user_id);
    }
    if let Some(text) = keys.captcha {
        account = account.captcha(text);
    }
    if let Some(code) = keys.refused_with {
        account = account.refused_with(code);
    }
    if keys.stale_notification {
        account = account.stale_notification();
    }
    if let Some(fields) = keys.verification {
        let read = verification(fields).map_err(|error| error.within("verification"))?;
        account = account.verification(read);
    }
    Ok(account)
}

fn verification(fields: Map<String, Value>) -> Result<Verification, ConfigError> {
    let keys: VerificationKeys = read_keys(fields)?;
    let code = keys.code.ok_or_else(|| ConfigError::new("code", "has to be there"))?;
    let mut verification = Verification::new(code);
    if let Some(masked) = keys.phone {
        verification = verification.phone(masked);
    }
    if let Some(masked) = keys.email {
        verification = verification.email(masked);
    }
    if let Some(text) = keys.captcha {
        verification = verification.captcha(text);
    }
    if keys.tips {
        verification = verification.tips();
    }
    if keys.skip_url {
        verification = verification.skip_url();
    }
    if keys.polled {
        verification = verification.polled();
    }
    Ok(verification)
}
