//! Values that must not reach a log.

use core::fmt;

use zeroize::Zeroize;

/// A value that is wiped when dropped and never shown.
///
/// There is no `Display` and no `Serialize`, and `Debug` prints `Secret(<redacted>)`; the only way
/// to the value is [`expose`](Self::expose), so that each place which uses it can be found by name.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value in.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Do not print it, and do not copy it into an error.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use super::Secret;

    #[test]
    fn debug_hides_the_value() {
        let text =
            format!("{:?} {:#?}", Secret::new([0x42_u8; 16]), Secret::new(String::from("hunter2")));
        assert!(
            !text.contains("66") && !text.contains("42") && !text.contains("hunter2"),
            "{text}"
        );
        assert_eq!(Secret::new(7_u8).expose(), &7);
    }
}
