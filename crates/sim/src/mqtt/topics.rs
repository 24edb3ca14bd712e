//! Which topics a device may publish to and subscribe to.

mod aliyun;
mod tencent;

use crate::mqtt::DeviceId;
use crate::mqtt::filter::{matches, overlap};

/// A topic with the names of the device in it, and what may follow.
#[derive(Clone, Copy)]
struct Pattern {
    /// `{k}` is the product, `{d}` product and device with a slash between them.
    own: &'static str,
    /// What follows, with wildcards; nothing where the own part is the whole topic.
    rest: &'static str,
    /// What may not follow.
    except: &'static str,
    /// Whether the topic has to end in `_reply`, or may not; `None` where that is not to be looked at.
    is_reply: Option<bool>,
}

const fn below(own: &'static str, rest: &'static str) -> Pattern {
    Pattern { own, rest, except: "", is_reply: None }
}

const fn exactly(own: &'static str) -> Pattern {
    below(own, "")
}

/// One level, which ends in `_reply` or does not.
const fn level(own: &'static str, is_reply: bool) -> Pattern {
    Pattern { is_reply: Some(is_reply), ..below(own, "+") }
}

const fn all_but(own: &'static str, except: &'static str) -> Pattern {
    Pattern { except, ..below(own, "#") }
}

impl Pattern {
    /// What follows the own part, if it is this device's.
    fn rest_of<'t>(&self, product: &str, name: &str, topic: &'t str) -> Option<&'t str> {
        let mut left = topic;
        let mut own = self.own;
        while let Some(at) = own.find('{') {
            let (fixed, placeholder) = own.split_at(at);
            left = left.strip_prefix(fixed)?.strip_prefix(product)?;
            if placeholder.starts_with("{d}") {
                left = left.strip_prefix('/')?.strip_prefix(name)?;
            }
            own = placeholder.get(3..)?;
        }
        left.strip_prefix(own)
    }

    fn has_topic(&self, product: &str, name: &str, topic: &str) -> bool {
        self.has(product, name, topic, matches)
    }

    fn has_filter(&self, product: &str, name: &str, filter: &str) -> bool {
        self.has(product, name, filter, overlap)
    }

    fn has(&self, product: &str, name: &str, text: &str, fits: fn(&str, &str) -> bool) -> bool {
        let Some(rest) = self.rest_of(product, name, text) else { return false };
        if self.rest.is_empty() || rest.is_empty() {
            return self.rest.is_empty() && rest.is_empty();
        }
        let is_reply = rest.ends_with("_reply");
        let is_open = rest.ends_with(['+', '#']);
        fits(self.rest, rest)
            && rest != self.except
            && (is_open || self.is_reply.is_none_or(|reply| reply == is_reply))
    }
}

impl DeviceId {
    /// Product, device name, and what the cloud lets it publish to and receive.
    fn patterns(&self) -> Option<(&str, &str, &'static [Pattern], &'static [Pattern])> {
        match self {
            Self::Aliyun { product_key, device_name } => {
                Some((product_key, device_name, aliyun::PUBLISHED, aliyun::RECEIVED))
            }
            Self::Tencent { product_id, device_name } => {
                Some((product_id, device_name, tencent::PUBLISHED, tencent::RECEIVED))
            }
            Self::Client { .. } => None,
        }
    }

    pub(crate) fn may_publish(&self, topic: &str) -> bool {
        match self.patterns() {
            Some((product, name, published, _)) => {
                published.iter().any(|pattern| pattern.has_topic(product, name, topic))
            }
            None => !topic.starts_with('$'),
        }
    }

    /// Wildcards may stand behind the device's own part of a topic only.
    pub(crate) fn may_subscribe(&self, filter: &str) -> bool {
        match self.patterns() {
            Some((product, name, _, received)) => {
                received.iter().any(|pattern| pattern.has_filter(product, name, filter))
            }
            None => true,
        }
    }

    /// Whether the cloud sends messages on this topic to the device.
    pub(crate) fn receives(&self, topic: &str) -> bool {
        match self.patterns() {
            Some((product, name, _, received)) => {
                received.iter().any(|pattern| pattern.has_topic(product, name, topic))
            }
            None => true,
        }
    }

    /// Whether the topic is the user's own and not the platform's.
    pub(crate) fn is_custom(&self, topic: &str) -> bool {
        match self {
            Self::Aliyun { product_key, device_name } => {
                aliyun::CUSTOM.has_topic(product_key, device_name, topic)
            }
            Self::Tencent { product_id, device_name } => {
                tencent::CUSTOM.has_topic(product_id, device_name, topic)
            }
            Self::Client { .. } => true,
        }
    }
}
