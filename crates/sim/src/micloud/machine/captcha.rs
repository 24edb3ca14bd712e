//! Images with a text to be read.

use super::{Machine, Outcome, account_domain};
use crate::micloud::asked::Asked;
use crate::micloud::report::count;
use crate::micloud::said::Said;

impl Machine {
    /// Where an image is.
    pub(super) fn captcha_url(&mut self, kind: &str) -> String {
        format!("/pass/getCode?icodeType={kind}&0.{}", self.random_digits())
    }

    /// `/pass/getCode`: an image, and the cookie that ties it to its text.
    pub(super) fn image(&mut self, asked: &Asked) -> Outcome {
        count(&mut self.report.captchas);
        let ick = self.word();
        self.captchas.put(&ick, ());
        Ok(Said::image("image/jpeg", PICTURE).cookie("ick", &ick, account_domain(asked)))
    }

    /// Whether a field has the text of the image that a cookie tells of. An image is good once.
    pub(super) fn is_read(&mut self, asked: &Asked, field: &str, text: &str) -> bool {
        let Some(read) = asked.filled(field) else { return false };
        let known = asked.cookie("ick").and_then(|ick| self.captchas.take(ick));
        if known.is_none() {
            count(&mut self.report.violations.no_ick);
            return false;
        }
        let right = read == text;
        if !right {
            count(&mut self.report.wrong_captchas);
        }
        right
    }
}

/// A JPEG without a picture: the text is what the account was made with.
const PICTURE: &[u8] = b"\xff\xd8\xff\xfe\x00\x0bsimulated\xff\xd9";
