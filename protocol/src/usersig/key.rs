//! The secret of an application.

use std::fmt;
use std::fmt::Write as _;

/// The key that signs an application's UserSigs.
///
/// Its bytes are those of its text: the console's 64 hexadecimal digits are not decoded. `Debug` never shows
/// it.
#[derive(Clone)]
pub struct SecretKey(String);

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("the key is empty")]
    Empty,
    #[error("the key holds a control character; a key is one line of text")]
    ControlCharacter,
}

impl SecretKey {
    /// Takes a key as a file or a variable holds it: line ends after it are not part of it.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(KeyError::ControlCharacter);
        }
        Ok(Self(text.to_owned()))
    }

    /// A key in the console's form, 64 hexadecimal digits, from bytes that must be truly random.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a String cannot fail");
            text
        }))
    }

    /// The text of the key, to be written where only its owner reads.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_line_of_text() {
        assert_eq!(SecretKey::parse("5bd2 é\r\n").unwrap().expose(), "5bd2 é");
        assert_eq!(SecretKey::parse("\n").unwrap_err(), KeyError::Empty);
        assert_eq!(SecretKey::parse("a\nb\n").unwrap_err(), KeyError::ControlCharacter);
    }

    #[test]
    fn a_random_key_has_the_form_of_the_console() {
        let mut bytes = [0; 32];
        (bytes[0], bytes[31]) = (0x0f, 0xa0);
        assert_eq!(SecretKey::from_random(bytes).expose(), format!("0f{}a0", "00".repeat(30)));
    }

    #[test]
    fn debug_keeps_the_secret() {
        let key = SecretKey::parse("5bd2850f").unwrap();
        assert_eq!(format!("{key:?} {:#?}", Some(&key)).matches("5bd2").count(), 0);
    }
}
