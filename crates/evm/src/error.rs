//! Why signed text is refused: always the field and the value that offends. Values are cut to a
//! readable length, for they come from outside and may be anything.

use crate::hex::to_hex;

/// How much of an offending text an error repeats, in characters.
const SHOWN: usize = 80;

fn shown(text: &str) -> String {
    let mut kept: String = text.chars().take(SHOWN).collect();
    if kept.len() < text.len() {
        kept.push_str("...");
    }
    kept
}

/// A field whose text or number means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// Not written the way it is signed: digits, a point and exactly eight digits. Another number
    /// of decimals is a mis-scaled number, a leading zero a second way to write the same one.
    #[error("{field}: {text:?} is not a decimal number with exactly 8 decimals")]
    NotPips {
        /// Name of the field as it is signed.
        field: &'static str,
        /// The text.
        text: String,
    },
    /// More pips than 64 bits hold.
    #[error("{field}: {text:?} is more than 184467440737.09551615")]
    TooManyPips {
        /// Name of the field as it is signed.
        field: &'static str,
        /// The text.
        text: String,
    },
    /// A number that stands for nothing.
    #[error("{field}: {value} stands for nothing, the highest is {highest}")]
    UnknownNumber {
        /// Name of the field as it is signed.
        field: &'static str,
        /// The number.
        value: u8,
        /// The highest that is known.
        highest: u8,
    },
    /// Not `0x` and the right number of hexadecimal digits.
    #[error("{field}: {text:?} is not 0x and {digits} hexadecimal digits")]
    NotHex {
        /// Name of the field.
        field: &'static str,
        /// The text.
        text: String,
        /// How many digits were expected.
        digits: usize,
    },
    /// An account whose capital letters are not its checksum: mistyped somewhere.
    #[error("{field}: {text:?} is mistyped, its checksum would be that of {right:?}")]
    Checksum {
        /// Name of the field.
        field: &'static str,
        /// The text.
        text: String,
        /// The same digits with their checksum.
        right: String,
    },
    /// A nonce that is not a version 1 (time-based) UUID, so nobody knows when it was made.
    #[error("{field}: {value:#034x} is not a version 1 UUID")]
    NotUuidV1 {
        /// Name of the field as it is signed.
        field: &'static str,
        /// The nonce.
        value: u128,
    },
    /// A version 1 UUID from before 1970, which the venue's arithmetic cannot express.
    #[error("{field}: {value:#034x} was made before 1970")]
    BeforeEpoch {
        /// Name of the field as it is signed.
        field: &'static str,
        /// The nonce.
        value: u128,
    },
    /// A text longer than this engine takes.
    #[error("{field}: {length} bytes are more than {limit}")]
    TooLong {
        /// Name of the field as it is signed.
        field: &'static str,
        /// Its length.
        length: usize,
        /// The most there may be.
        limit: usize,
    },
}

impl FieldError {
    pub(crate) fn not_pips(field: &'static str, text: &str) -> Self {
        let text = shown(text);
        Self::NotPips { field, text }
    }

    pub(crate) fn too_many_pips(field: &'static str, text: &str) -> Self {
        let text = shown(text);
        Self::TooManyPips { field, text }
    }

    pub(crate) fn not_hex(field: &'static str, text: &str, bytes: usize) -> Self {
        Self::NotHex {
            field,
            text: shown(text),
            digits: bytes.saturating_mul(2),
        }
    }
}

/// Why a signature is refused, or does not say what is claimed of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not 65 bytes: r, s, v.
    #[error("signature: {0} bytes, not 65 (r, s, v)")]
    Length(usize),
    /// A recovery byte that is neither 27 nor 28. Zero and one are another convention: accepting
    /// both would give every signature a second form.
    #[error("signature: v is {0}, not 27 or 28")]
    RecoveryByte(u8),
    /// r or s is zero or not below the order of the curve.
    #[error("signature: {part} = {} is zero or not below the order of the curve", to_hex(.value))]
    OutOfRange {
        /// `r` or `s`.
        part: char,
        /// Its value.
        value: [u8; 32],
    },
    /// s is in the upper half: the same signature exists with the lower one (EIP-2), and somebody
    /// else may have made this one of it.
    #[error("signature: s = {} is in the upper half, which is malleable", to_hex(.0))]
    HighS([u8; 32]),
    /// No point of the curve has this r, or the key would be the point at infinity.
    #[error("signature: r = {} leads to no public key", to_hex(.0))]
    NoKey([u8; 32]),
    /// A signed field that means nothing.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The stated hash is not the hash of the stated fields.
    #[error("hash: {} is stated, the fields give {}", to_hex(.stated), to_hex(.computed))]
    HashDiffers {
        /// What the record says.
        stated: [u8; 32],
        /// What follows from its fields.
        computed: [u8; 32],
    },
    /// The stated signer did not make the signature.
    #[error("signer: {} is stated, the signature is by {}", to_hex(.stated), to_hex(.recovered))]
    SignerDiffers {
        /// What the record says.
        stated: [u8; 20],
        /// Who made it.
        recovered: [u8; 20],
    },
}
