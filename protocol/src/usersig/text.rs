//! The outer form: JSON, compressed, in characters that can stand in a URL.

use std::cell::RefCell;
use std::io::Write as _;

use base64::Engine as _;
use base64::alphabet::{Alphabet, Symbol};
use base64::engine::general_purpose::{GeneralPurpose, PAD};
use flate2::write::ZlibEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};

use super::Fault;

/// The longest UserSig that is looked at. Real ones have 150 to 300 bytes, up to some hundred more with a
/// userbuf.
pub const MAX_TEXT_BYTES: usize = 8192;

/// The largest JSON a UserSig may hold. Also the limit of what inflating one may produce: 7000 characters can
/// hold 5 MiB of blanks.
pub const MAX_JSON_BYTES: usize = 8192;

/// Neither the standard nor the URL alphabet of RFC 4648, where `-` and `_` mean other values. Padding is
/// required and unused bits are zero, so that the same bytes have one text.
static BASE64: GeneralPurpose = {
    const SYMBOLS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-";
    let Some(padding) = Symbol::new(b'_') else { panic!("the padding is printable") };
    let Ok(alphabet) = Alphabet::new_with_padding(SYMBOLS, padding) else { panic!("the symbols differ") };
    GeneralPurpose::new(&alphabet, PAD)
};

/// The text of a UserSig with this JSON, or `None` if [`unpack`] would find it too large.
pub(super) fn pack(json: &[u8]) -> Option<String> {
    if json.len() > MAX_JSON_BYTES {
        return None;
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let compressed = encoder.write_all(json).and_then(|()| encoder.finish());
    let text = BASE64.encode(compressed.expect("writing to a Vec cannot fail"));
    (text.len() <= MAX_TEXT_BYTES).then_some(text)
}

/// The JSON, or whatever else was packed into `text`.
pub(super) fn unpack(text: &str) -> Result<Vec<u8>, Fault> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(Fault::TooLong);
    }
    let compressed = BASE64.decode(text).map_err(|_| Fault::Base64)?;
    inflate(&compressed)
}

/// Inflates one whole zlib stream with nothing after it.
///
/// The output buffer is the limit: the inflater cannot produce more than it can write. A preset dictionary
/// and a wrong checksum are errors of the stream.
fn inflate(compressed: &[u8]) -> Result<Vec<u8>, Fault> {
    thread_local! {
        // Its state has 43 KB: to get that from the allocator for each login would cost more than to inflate a UserSig.
        static STREAM: RefCell<Decompress> = RefCell::new(Decompress::new(true));
    }
    STREAM.with_borrow_mut(|stream| {
        stream.reset(true);
        inflate_with(stream, compressed)
    })
}

fn inflate_with(stream: &mut Decompress, compressed: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut json = vec![0; MAX_JSON_BYTES];
    let status =
        stream.decompress(compressed, &mut json, FlushDecompress::Finish).map_err(|_| Fault::Zlib)?;

    let is_whole = status == Status::StreamEnd && stream.total_in() == compressed.len() as u64;
    let is_full = stream.total_out() == MAX_JSON_BYTES as u64;
    match (is_whole, is_full) {
        (true, _) => {
            json.truncate(stream.total_out() as usize);
            Ok(json)
        }
        (false, true) => Err(Fault::TooLarge),
        (false, false) => Err(Fault::Zlib),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compress(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_byte_value_survives_and_needs_no_escape_in_a_url() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = pack(&bytes).unwrap();
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"*-_".contains(&byte)), "{text}");
        assert_eq!(unpack(&text).unwrap(), bytes);
    }

    #[test]
    fn the_limit_is_exact() {
        let most = vec![b' '; MAX_JSON_BYTES];
        assert_eq!(inflate(&compress(&most)).unwrap(), most);
        assert_eq!(inflate(&compress(&[&most[..], b" "].concat())), Err(Fault::TooLarge));
        assert_eq!(pack(&[&most[..], b" "].concat()), None);
    }

    #[test]
    fn a_text_over_the_limit_is_not_even_decoded() {
        assert_eq!(unpack(&"*".repeat(MAX_TEXT_BYTES + 1)), Err(Fault::TooLong));
        assert_eq!(unpack(&"*".repeat(MAX_TEXT_BYTES)), Err(Fault::Zlib));
    }

    #[test]
    fn a_stream_ends_where_the_bytes_end() {
        let stream = compress(b"{}");
        assert_eq!(inflate(&stream).unwrap(), b"{}");
        for end in 0..stream.len() {
            assert_eq!(inflate(&stream[..end]), Err(Fault::Zlib), "cut at {end}");
        }
        assert_eq!(inflate(&[&stream[..], b"\0"].concat()), Err(Fault::Zlib));
        assert_eq!(inflate(&[&stream[..], &stream].concat()), Err(Fault::Zlib));
    }
}
