//! What a login asks of a person.

use core::fmt;
use core::time::Duration;

use iot_home_core::Secret;

/// A question, as data: show it, and pass the [`Answer`] to [`Login::answer`](super::Login::answer).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Challenge {
    /// An image with characters to type, whose case counts. Takes [`Answer::Text`] and [`Answer::NewImage`].
    #[non_exhaustive]
    Captcha {
        /// The image's bytes, a JPEG mostly.
        image: Vec<u8>,
        /// What the server says of them, such as `image/jpeg`.
        media_type: Option<String>,
        /// Whether this comes after a wrong answer.
        again: bool,
    },
    /// A code that was sent to the account's owner. Takes [`Answer::Text`], [`Answer::SendAgain`] and, where
    /// there is another, [`Answer::Through`].
    #[non_exhaustive]
    Code {
        /// How it was sent.
        channel: Channel,
        /// Where it was sent, with asterisks in it.
        sent_to: Option<String>,
        /// How it could be sent instead.
        other: Option<Channel>,
        /// Whether this comes after a wrong code.
        again: bool,
    },
    /// An address to show as a QR code, which the Mi Home app scans; opening it in a browser that is logged in
    /// confirms as well. Takes [`Answer::Shown`].
    #[non_exhaustive]
    Qr {
        /// What the code says.
        login_url: String,
        /// Where there is an image of it.
        image_url: Option<String>,
        /// How long it is good.
        lifetime: Duration,
    },
}

impl fmt::Debug for Challenge {
    /// Without image and address: whoever has the address can confirm.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Captcha { image, again, .. } => f
                .debug_struct("Captcha")
                .field("image", &format_args!("{} bytes", image.len()))
                .field("again", again)
                .finish_non_exhaustive(),
            Self::Code { channel, sent_to, other, again } => f
                .debug_struct("Code")
                .field("channel", channel)
                .field("sent_to", sent_to)
                .field("other", other)
                .field("again", again)
                .finish(),
            Self::Qr { lifetime, .. } => {
                f.debug_struct("Qr").field("lifetime", lifetime).finish_non_exhaustive()
            }
        }
    }
}

/// How a verification code travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Channel {
    /// By text message.
    Phone,
    /// By e-mail.
    Email,
}

impl Channel {
    /// The server's number for it.
    pub(crate) const fn flag(self) -> &'static str {
        match self {
            Self::Phone => "4",
            Self::Email => "8",
        }
    }

    pub(crate) const fn of_flag(flag: i64) -> Option<Self> {
        match flag {
            4 => Some(Self::Phone),
            8 => Some(Self::Email),
            _ => None,
        }
    }

    /// What the server's paths end with.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Phone => "Phone",
            Self::Email => "Email",
        }
    }
}

/// What a person says to a [`Challenge`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// What is seen in the image, or the code that came.
    Text(Secret<String>),
    /// Another image, please.
    NewImage,
    /// The code did not come.
    SendAgain,
    /// Send a code this way instead.
    Through(Channel),
    /// The QR code can be seen.
    Shown,
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self::Text(Secret::new(text))
    }
}

impl From<&str> for Answer {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// An answer does not fit what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// Nothing is asked at present.
    #[error("nothing is asked at present")]
    NotAsked,
    /// Something else is asked.
    #[error("this does not answer what is asked")]
    Unfit,
    /// A text is empty or longer than 64 characters.
    #[error("an answer has 1 to 64 characters")]
    Length,
}
