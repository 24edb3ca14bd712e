//! Codes with their meanings.

/// Makes a type of a platform's codes: a number, whatever it is, and what it means where that is known.
#[doc(hidden)]
#[macro_export]
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$more:meta])* $constant:ident = $number:literal $meaning:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            $(
                #[doc = concat!("`", stringify!($number), "`: ", $meaning, ".")]
                $(#[$more])*
                pub const $constant: Self = Self($number);
            )+

            /// Those that are known.
            pub const KNOWN: &'static [Self] = &[$(Self($number)),+];

            /// The number as it came.
            pub const fn new(number: i64) -> Self {
                Self(number)
            }

            /// The number.
            pub const fn get(self) -> i64 {
                self.0
            }

            /// What it means, where that is known.
            pub const fn meaning(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($meaning),)+
                    _ => None,
                }
            }
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                Self(number)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.meaning() {
                    Some(meaning) => write!(f, "{} ({meaning})", self.0),
                    None => write!(f, "{}", self.0),
                }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            /// Reads a number, or a text of one.
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                $crate::payload::lenient::integer(deserializer).map(Self)
            }
        }
    };
}
