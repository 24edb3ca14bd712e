//! Why a signature is wrong: the mistakes that are made again and again, tried one after the other.

use iot_home_mqtt::mac::{Mac, Tag};

use super::Presented;
use crate::content::{content, identity, unsorted};
use crate::{Refusal, SignMethod};

/// Ext params that people sign although they should not.
const NEVER_SIGNED: [&str; 9] =
    ["signmethod", "securemode", "_v", "lan", "_ss", "ext", "gw", "authType", "instanceId"];

impl Presented<'_> {
    /// What was done instead of signing rightly. At most some forty hashes of short texts.
    pub(super) fn diagnose(
        &self,
        mac: &Mac,
        announced: SignMethod,
        tag: &Tag,
        secret: &[u8],
    ) -> Refusal {
        let identity = identity(self.id, self.device_name, self.product_key);
        match self.param("timestamp") {
            None => self.among(mac, announced, tag, secret, identity),
            Some(number) => {
                let [id, device_name, product_key] = identity;
                let signed = [id, device_name, product_key, ("timestamp", number)];
                if mac.verify(content(identity), tag) {
                    return Refusal::TimestampNotSigned;
                }
                self.among(mac, announced, tag, secret, signed)
            }
        }
    }

    fn among<const N: usize>(
        &self,
        mac: &Mac,
        announced: SignMethod,
        tag: &Tag,
        secret: &[u8],
        fields: [(&str, &str); N],
    ) -> Refusal {
        let digits = tag.len().saturating_mul(2);
        if let Some(used) = SignMethod::of_digits(digits).filter(|used| *used != announced) {
            // Whatever else may be wrong, this is.
            let other = Mac::new(used.algorithm(), secret);
            return if other.verify(content(fields), tag) {
                Refusal::OtherMethod { announced, used }
            } else {
                super::digest_length(announced, digits).into()
            };
        }
        let mut orders = fields;
        if any_order(&mut orders, 0, &mut |order| mac.verify(unsorted(order), tag)) {
            return Refusal::Order;
        }
        let whole = fields.map(|(name, value)| match name {
            "clientId" => (name, self.credentials.client_id),
            _ => (name, value),
        });
        if mac.verify(content(whole), tag) {
            return Refusal::WholeClientIdSigned;
        }
        let signed = NEVER_SIGNED.into_iter().find(|name| {
            self.param(name).is_some_and(|value| mac.verify(with(fields, (name, value)), tag))
        });
        signed.map_or(Refusal::Signature, |name| Refusal::ParamSigned { name })
    }
}

/// Whether one of the orders of what stands from there on passes.
fn any_order<const N: usize, T: Copy>(
    fields: &mut [T; N],
    from: usize,
    test: &mut dyn FnMut([T; N]) -> bool,
) -> bool {
    if from >= N {
        return test(*fields);
    }
    (from..N).any(|at| {
        fields.swap(from, at);
        let passes = any_order(fields, from.saturating_add(1), test);
        fields.swap(from, at);
        passes
    })
}

/// The content with one field more.
fn with<'a, const N: usize>(
    fields: [(&'a str, &'a str); N],
    more: (&'a str, &'a str),
) -> impl Iterator<Item = &'a str> {
    let mut fields = fields;
    fields.sort_unstable_by_key(|(name, _)| *name);
    let before = fields.into_iter().filter(move |(name, _)| *name < more.0);
    let behind = fields.into_iter().filter(move |(name, _)| *name > more.0);
    before.chain([more]).chain(behind).flat_map(|(name, value)| [name, value])
}
