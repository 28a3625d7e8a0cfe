//! Signatures as bytes, who made one, and making them.
//!
//! 65 bytes: r, s, v. Only the one canonical form is taken: v is 27 or 28, s in the lower half.
//! Recovery never fails to name somebody for a well-formed signature of a wrong text: it names
//! somebody else, so a caller must compare the signer with whom it expects.

use std::fmt;

use k256::ecdsa::{RecoveryId, Signature as Scalars, SigningKey, VerifyingKey};

use crate::{Address, Hash, SignatureError, keccak256};

/// A signature as it travels: r, s, v.
pub type SignatureBytes = [u8; 65];

/// v where the ordinate of the signature's point is even, and where it is odd.
const V: [u8; 2] = [27, 28];

/// The account that signed a digest.
///
/// # Errors
/// [`SignatureError`] for anything but 65 bytes in the canonical form.
pub fn recover(digest: &Hash, signature: &[u8]) -> Result<Address, SignatureError> {
    let wrong_length = || SignatureError::Length(signature.len());
    let bytes: &SignatureBytes = signature.try_into().map_err(|_| wrong_length())?;
    let (r, rest) = bytes.split_first_chunk::<32>().ok_or_else(wrong_length)?;
    let (s, v) = rest.split_first_chunk::<32>().ok_or_else(wrong_length)?;
    let odd = match v {
        [v] if *v == V[0] => false,
        [v] if *v == V[1] => true,
        [other] => return Err(SignatureError::RecoveryByte(*other)),
        _ => return Err(wrong_length()),
    };
    let scalars = scalars(r, s)?;
    if scalars.normalize_s() != scalars {
        return Err(SignatureError::HighS(*s));
    }
    let id = RecoveryId::new(odd, false);
    let key = VerifyingKey::recover_from_prehash(digest, &scalars, id)
        .map_err(|_| SignatureError::NoKey(*r))?;
    Ok(address_of(&key))
}

/// r and s, each in 1 .. order of the curve.
fn scalars(r: &[u8; 32], s: &[u8; 32]) -> Result<Scalars, SignatureError> {
    // A one in the place of the other tells which of the two is at fault.
    let mut one = [0u8; 32];
    one[31] = 1;
    let in_range = |r: &[u8; 32], s: &[u8; 32]| Scalars::from_scalars(*r, *s).ok();
    if in_range(r, &one).is_none() {
        return Err(SignatureError::OutOfRange {
            part: 'r',
            value: *r,
        });
    }
    in_range(r, s).ok_or(SignatureError::OutOfRange {
        part: 's',
        value: *s,
    })
}

/// The last 20 bytes of the hash of the public key's coordinates.
fn address_of(key: &VerifyingKey) -> Address {
    let point = key.to_sec1_point(false);
    // The first byte only says that the coordinates are not compressed.
    let coordinates = point.as_bytes().split_first().map_or(&[][..], |(_, c)| c);
    let hash = keccak256(coordinates);
    let mut address = [0u8; 20];
    address.copy_from_slice(&hash[12..]);
    Address(address)
}

/// A secret key that signs the same digest the same way every time (RFC 6979), which is what
/// simulations and tests want. It keeps its secret out of what it prints.
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
    address: Address,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.address)
    }
}

impl Signer {
    /// The signer of a secret; `None` for zero and for numbers not below the order of the curve,
    /// which no generator of keys will ever meet.
    #[must_use]
    pub fn from_secret(secret: &[u8; 32]) -> Option<Self> {
        let key = SigningKey::from_slice(secret).ok()?;
        let address = address_of(key.verifying_key());
        Some(Self { key, address })
    }

    /// The signer that belongs to a name in a simulation: the same seed and name always give the
    /// same key. Anybody who knows the seed knows the secret: this is for play money.
    #[must_use]
    pub fn for_simulation(seed: u64, name: &str) -> Self {
        let mut text = seed.to_be_bytes().to_vec();
        text.extend_from_slice(name.as_bytes());
        let mut secret = keccak256(&text);
        loop {
            if let Some(signer) = Self::from_secret(&secret) {
                return signer;
            }
            // One hash in 2^128 is no key: hash on.
            secret = keccak256(&secret);
        }
    }

    /// Whose signatures these are.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Signs a digest.
    #[must_use]
    pub fn sign(&self, digest: &Hash) -> SignatureBytes {
        let (scalars, id) = self.key.sign_prehash_recoverable(digest);
        let mut bytes = [0u8; 65];
        bytes[..64].copy_from_slice(&scalars.to_bytes());
        // An abscissa beyond the order of the curve comes up once in 2^127 signatures.
        bytes[64] = V[usize::from(id.is_y_odd())];
        bytes
    }
}
