//! Typed data (EIP-712): how a struct becomes the 32 bytes that are signed.
//!
//! Each field becomes a word of 32 bytes: numbers at its right end, text as the hash of its bytes.
//! The struct's hash is the hash of its type's hash and its words; the digest binds it to a domain,
//! so that a signature for one exchange, chain or version means nothing to another.

use crate::signature::{SignatureBytes, Signer, recover};
use crate::{Address, FieldError, Hash, SignatureError, keccak256};

/// The type of a domain, as every exchange of this family declares it.
const DOMAIN_TYPE: &str =
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

/// Whom signatures are for: an exchange's contract on a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Name of the exchange.
    pub name: String,
    /// Version of its signed types.
    pub version: String,
    /// Number of the chain.
    pub chain_id: u64,
    /// The exchange's contract.
    pub verifying_contract: Address,
}

impl Domain {
    /// Kuma's exchange at an address on its main chain.
    #[must_use]
    pub fn kuma(verifying_contract: Address) -> Self {
        Self {
            name: "Kuma".to_owned(),
            version: "1.0.0".to_owned(),
            chain_id: 94_524,
            verifying_contract,
        }
    }

    /// Kuma's sandbox at an address on its test chain.
    #[must_use]
    pub fn kuma_sandbox(verifying_contract: Address) -> Self {
        Self {
            version: "1.0.0-sandbox".to_owned(),
            chain_id: 64_002,
            ..Self::kuma(verifying_contract)
        }
    }

    /// The hash that stands for the domain in every digest.
    #[must_use]
    pub fn separator(&self) -> Hash {
        Words::of_type(DOMAIN_TYPE)
            .text(&self.name)
            .text(&self.version)
            .number(self.chain_id.into())
            .address(self.verifying_contract)
            .finish()
    }

    /// What is signed for a struct.
    #[must_use]
    pub fn digest(&self, struct_hash: &Hash) -> Hash {
        let mut bytes = Vec::with_capacity(66);
        bytes.extend_from_slice(&[0x19, 0x01]);
        bytes.extend_from_slice(&self.separator());
        bytes.extend_from_slice(struct_hash);
        keccak256(&bytes)
    }
}

/// A message that is signed.
pub trait Typed {
    /// Its type: name and fields, in the order in which they are hashed.
    const TYPE: &'static str;

    /// Adds its fields, in that order.
    #[must_use]
    fn fields(&self, words: Words) -> Words;

    /// Whether every field means something.
    ///
    /// # Errors
    /// [`FieldError`] with the first that does not.
    fn check(&self) -> Result<(), FieldError>;
}

/// The hash of a message's type and fields, without a domain.
#[must_use]
pub fn struct_hash<T: Typed>(message: &T) -> Hash {
    message.fields(Words::of_type(T::TYPE)).finish()
}

/// The 32 bytes that are signed for a message.
#[must_use]
pub fn digest<T: Typed>(message: &T, domain: &Domain) -> Hash {
    domain.digest(&struct_hash(message))
}

/// A message with its signature and who made that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed<T> {
    /// The message.
    pub message: T,
    /// Its [`digest`].
    pub hash: Hash,
    /// Whose signature it is. Whether that account may say so is for the venue to judge.
    pub signer: Address,
    /// The signature: r, s, v.
    pub signature: SignatureBytes,
}

impl<T: Typed> Signed<T> {
    /// A message and its signature as they came in; the signer follows from them.
    ///
    /// # Errors
    /// [`SignatureError`] for a field that means nothing and for a malformed signature. A forged
    /// one is no error here: it names another signer.
    pub fn authenticate(
        message: T,
        signature: &[u8],
        domain: &Domain,
    ) -> Result<Self, SignatureError> {
        message.check()?;
        let hash = digest(&message, domain);
        let signer = recover(&hash, signature)?;
        let signature = signature
            .try_into()
            .map_err(|_| SignatureError::Length(signature.len()))?;
        Ok(Self {
            message,
            hash,
            signer,
            signature,
        })
    }

    /// Signs a message.
    ///
    /// # Errors
    /// [`SignatureError::Field`] for a message that would be refused.
    pub fn sign(message: T, signer: &Signer, domain: &Domain) -> Result<Self, SignatureError> {
        message.check()?;
        let hash = digest(&message, domain);
        let signature = signer.sign(&hash);
        Ok(Self {
            message,
            hash,
            signer: signer.address(),
            signature,
        })
    }

    /// For auditors: whether hash and signer still follow from the fields and the signature.
    ///
    /// # Errors
    /// [`SignatureError`] with what does not follow.
    pub fn recheck(&self, domain: &Domain) -> Result<(), SignatureError> {
        self.message.check()?;
        let computed = digest(&self.message, domain);
        if computed != self.hash {
            return Err(SignatureError::HashDiffers {
                stated: self.hash,
                computed,
            });
        }
        let recovered = recover(&computed, &self.signature)?;
        if recovered != self.signer {
            return Err(SignatureError::SignerDiffers {
                stated: self.signer.0,
                recovered: recovered.0,
            });
        }
        Ok(())
    }
}

/// A struct's type hash and fields, word by word.
#[derive(Debug)]
pub struct Words(Vec<u8>);

impl Words {
    fn of_type(encoded: &str) -> Self {
        Self(keccak256(encoded.as_bytes()).to_vec())
    }

    fn right_aligned(mut self, bytes: &[u8]) -> Self {
        let padding = 32usize.saturating_sub(bytes.len());
        self.0.extend(std::iter::repeat_n(0, padding));
        self.0.extend_from_slice(bytes);
        self
    }

    /// An unsigned number up to 128 bits, or a truth value as 0 or 1.
    #[must_use]
    pub fn number(self, value: u128) -> Self {
        self.right_aligned(&value.to_be_bytes())
    }

    /// A signed number: below zero, the rest of the word is ones.
    #[must_use]
    pub fn signed(mut self, value: i128) -> Self {
        let fill = if value < 0 { 0xff } else { 0 };
        self.0.extend_from_slice(&[fill; 16]);
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// An account.
    #[must_use]
    pub fn address(self, address: Address) -> Self {
        self.right_aligned(&address.0)
    }

    /// Bytes, as their hash.
    #[must_use]
    pub fn bytes(self, bytes: &[u8]) -> Self {
        self.right_aligned(&keccak256(bytes))
    }

    /// A text, as the hash of its bytes.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    fn finish(self) -> Hash {
        keccak256(&self.0)
    }
}
