//! Mending of text that strict parsing refused.

use alloc::string::String;
use alloc::vec::Vec;

use super::{JsonError, Strict, string};

/// Containers within one another that serde_json reads.
const MAX_DEPTH: usize = 127;

/// Mends the damage devices are known to do to JSON; to be tried only after strict parsing failed.
///
/// The result is compact, strict JSON, at most six times as long as the input, found in one pass
/// that knows whether it stands in a string, an object or an array:
///
/// | seen | becomes |
/// |---|---|
/// | `{…}\0`, `{…}\0garbage`: leftovers of a C string | cut at the first NUL after the value |
/// | `{"a":1,,"b":2}`, `{,"a":1}`, `{"a":1,}` | extra commas of an object are dropped |
/// | `"value":06`, `00`, `-00.5` | `6`, `0`, `-0.5` |
/// | `{"id":1,"result":,…}`, `{"k":}` | the key is dropped |
/// | `["on",,5]`, `[,]`, `[1,]` | each missing element is `null`, lest later ones move up |
/// | raw control characters in a string | `\u00XX` |
/// | `[net]`: a bare word as a value | `["net"]`, also `nan`, `True` and the like |
/// | `-0./`, `+5`, `.5`, `1e999`: no number, but begun like one | `null` |
/// | `"\x"`: a backslash that begins no escape | stands for itself, `"\\x"` |
/// | `"\ud83d"`: half a surrogate pair | `"\ufffd"`, as for any other broken character |
/// | a byte order mark or blanks in front | dropped |
///
/// The comma in `[1,]` counts as a separator like any other, so n commas always separate n+1
/// elements.
///
/// `None` is for all the rest: text that is cut short, missing commas, colons or quotes, bare words
/// as keys or outside of any container, anything but a NUL after the value, nesting beyond what
/// serde_json reads.
#[must_use]
pub fn repair(text: &str) -> Option<String> {
    mend(text).ok()
}

/// [`repair()`] that tells where it got stuck.
pub(super) fn mend(text: &str) -> Result<String, JsonError> {
    let content = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    let mut mender = Mender {
        text,
        at: text.len().saturating_sub(content.len()),
        out: String::with_capacity(text.len()),
        place: Place::Top,
        containers: Vec::new(),
        before_key: 0,
    };
    while mender.place != Place::End {
        mender.step()?;
    }
    mender.finish()
}

struct Mender<'a> {
    text: &'a str,
    /// The next byte to read; always at a character's boundary.
    at: usize,
    out: String,
    place: Place,
    /// Those that are open, outermost first.
    containers: Vec<Container>,
    /// Length of the output before the latest key, to go back to when its value is missing.
    before_key: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the outermost value.
    Top,
    /// In an object, before a key.
    Key,
    /// In an object, after a key.
    Colon,
    /// In an object, before a value.
    Member,
    /// In an array, before an element.
    Element,
    /// After a value in a container.
    After,
    /// After the outermost value.
    End,
}

struct Container {
    close: u8,
    /// Whether something was written in it, so that the next entry needs a comma before it.
    filled: bool,
}

impl Mender<'_> {
    /// Reads one token. Commas are written together with what follows them, never before.
    fn step(&mut self) -> Result<(), JsonError> {
        self.skip_blanks();
        let byte = self.peek().ok_or(self.truncated())?;
        match (self.place, byte) {
            (Place::Key, b',') => self.advance(1),
            (Place::Key, b'}') => self.close(),
            (Place::Key, b'"') => {
                self.before_key = self.out.len();
                self.separate();
                self.string()?;
                self.place = Place::Colon;
            }
            (Place::Colon, b':') => {
                self.advance(1);
                self.out.push(':');
                self.place = Place::Member;
            }
            (Place::Member, b',' | b'}') => {
                self.out.truncate(self.before_key);
                self.place = Place::Key;
            }
            (Place::Element, b',') => {
                self.missing_element();
                self.advance(1);
            }
            (Place::Element, b']') => {
                // Something stands before: then so did a comma, and an element is missing here.
                if self.containers.last().is_some_and(|array| array.filled) {
                    self.missing_element();
                }
                self.close();
            }
            (Place::After, b',') => {
                self.advance(1);
                self.place = match self.containers.last() {
                    Some(Container { close: b']', .. }) => Place::Element,
                    _ => Place::Key,
                };
            }
            (Place::After, close) if self.containers.last().is_some_and(|c| c.close == close) => {
                self.close();
            }
            (Place::Top | Place::Member | Place::Element, first) => self.value(first)?,
            _ => return Err(self.syntax()),
        }
        Ok(())
    }

    fn value(&mut self, first: u8) -> Result<(), JsonError> {
        if self.place == Place::Element {
            self.separate();
        }
        if let Some(container) = self.containers.last_mut() {
            container.filled = true;
        }
        match first {
            b'{' => return self.open('{', b'}', Place::Key),
            b'[' => return self.open('[', b']', Place::Element),
            b'"' => self.string()?,
            _ => self.word()?,
        }
        self.leave_value();
        Ok(())
    }

    fn open(&mut self, bracket: char, close: u8, inside: Place) -> Result<(), JsonError> {
        if self.containers.len() >= MAX_DEPTH {
            return Err(self.syntax());
        }
        self.containers.push(Container { close, filled: false });
        self.out.push(bracket);
        self.advance(1);
        self.place = inside;
        Ok(())
    }

    fn close(&mut self) {
        if let Some(container) = self.containers.pop() {
            self.out.push(char::from(container.close));
        }
        self.advance(1);
        self.leave_value();
    }

    fn leave_value(&mut self) {
        self.place = if self.containers.is_empty() { Place::End } else { Place::After };
    }

    /// Writes the comma between two entries of a container.
    fn separate(&mut self) {
        if self.containers.last().is_some_and(|container| container.filled) {
            self.out.push(',');
        }
    }

    fn missing_element(&mut self) {
        self.separate();
        self.out.push_str("null");
        if let Some(array) = self.containers.last_mut() {
            array.filled = true;
        }
    }

    /// A number, a literal or a bare word.
    fn word(&mut self) -> Result<(), JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let word = rest.split(ends_word).next().unwrap_or_default();
        let first = word.chars().next().ok_or(self.syntax())?;
        let outermost = self.containers.is_empty();
        match first {
            _ if matches!(word, "true" | "false" | "null") => self.out.push_str(word),
            '0'..='9' | '-' | '+' | '.' => {
                let start = self.out.len();
                self.number(word);
                // serde_json is the judge, of its range too.
                let number = self.out.get(start..).unwrap_or_default();
                if serde_json::from_str::<Strict>(number).is_err() {
                    if outermost {
                        return Err(self.syntax());
                    }
                    self.out.truncate(start);
                    self.out.push_str("null");
                }
            }
            // Nothing closes the outermost value, so a strange word there may be a part of one.
            _ if !outermost && (first == '_' || first.is_alphabetic()) => {
                self.out.push('"');
                self.out.push_str(word);
                self.out.push('"');
            }
            _ => return Err(self.syntax()),
        }
        self.advance(word.len());
        Ok(())
    }

    /// Writes a number without needless zeros in front, whatever else is wrong with it.
    fn number(&mut self, word: &str) {
        let digits = match word.strip_prefix('-') {
            Some(digits) => {
                self.out.push('-');
                digits
            }
            None => word,
        };
        let significant = digits.trim_start_matches('0');
        let zeros = significant.len() < digits.len();
        if zeros && !significant.starts_with(|c: char| c.is_ascii_digit()) {
            self.out.push('0');
        }
        self.out.push_str(significant);
    }

    fn string(&mut self) -> Result<(), JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let len = string::copy_mended(rest, &mut self.out).ok_or(self.truncated())?;
        self.advance(len);
        Ok(())
    }

    fn finish(mut self) -> Result<String, JsonError> {
        self.skip_blanks();
        match self.peek() {
            None | Some(0) => Ok(self.out),
            Some(_) => Err(self.syntax()),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn advance(&mut self, len: usize) {
        self.at = self.at.saturating_add(len);
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.advance(1);
        }
    }

    fn truncated(&self) -> JsonError {
        JsonError::Truncated { len: self.text.len() }
    }

    fn syntax(&self) -> JsonError {
        JsonError::Syntax { offset: self.at }
    }
}

fn ends_word(c: char) -> bool {
    matches!(c, ',' | ':' | '[' | ']' | '{' | '}' | '"' | '\\' | ' ') || c.is_ascii_control()
}
