//! Objects of a vector whose every field must be answered: what nobody asked for fails it.

use std::cell::RefCell;
use std::fmt;
use std::str::FromStr;

use plimsoll_units::Fixed;
use serde_json::{Map, Value};

use super::super::compare::{Mismatch, scalar};
use super::{Check, unknown};

/// An object, and which of its fields were asked for.
pub(super) struct Fields<'v> {
    object: &'v Map<String, Value>,
    asked: RefCell<Vec<String>>,
}

impl<'v> Fields<'v> {
    pub(super) fn new(value: &'v Value) -> Result<Self, Mismatch> {
        let object = value
            .as_object()
            .ok_or_else(|| Mismatch::unusable(format!("{value} is not an object")))?;
        let asked = RefCell::default();
        Ok(Self { object, asked })
    }

    /// Fields that say how a vector was obtained, and are not compared.
    pub(super) fn provenance(&self, names: &[&str]) {
        names.iter().for_each(|name| self.note(name));
    }

    fn note(&self, name: &str) {
        self.asked.borrow_mut().push(name.to_owned());
    }

    /// A field that may be left out.
    pub(super) fn get(&self, name: &str) -> Option<&'v Value> {
        self.note(name);
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn value(&self, name: &str) -> Result<&'v Value, Mismatch> {
        self.get(name)
            .ok_or_else(|| Mismatch::unusable(format!("there is no {name:?}")))
    }

    pub(super) fn fields(&self, name: &str) -> Result<Fields<'v>, Mismatch> {
        Fields::new(self.value(name)?).map_err(|m| m.within(name))
    }

    pub(super) fn list(&self, name: &str) -> Result<&'v [Value], Mismatch> {
        list(name, self.value(name)?)
    }

    pub(super) fn text(&self, name: &str) -> Result<String, Mismatch> {
        scalar(self.value(name)?)
    }

    pub(super) fn parse<T>(&self, name: &str) -> Result<T, Mismatch>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        read(name, self.value(name)?)
    }

    pub(super) fn parse_or<T>(&self, name: &str, default: T) -> Result<T, Mismatch>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        self.get(name)
            .map_or(Ok(default), |value| read(name, value))
    }

    /// Pips: a text with a point counts whole units, one without counts pips.
    pub(super) fn pips<T: TryFrom<i128>>(&self, name: &str) -> Result<T, Mismatch> {
        pips(name, self.value(name)?)
    }

    pub(super) fn pips_or<T: TryFrom<i128>>(&self, name: &str, default: T) -> Result<T, Mismatch> {
        self.get(name)
            .map_or(Ok(default), |value| pips(name, value))
    }

    /// The names of all fields.
    pub(super) fn names(&self) -> impl Iterator<Item = &'v str> + use<'v> {
        self.object.keys().map(String::as_str)
    }

    /// Fails on the first field nobody asked for.
    pub(super) fn all_answered(&self) -> Check {
        let asked = self.asked.borrow();
        match self.names().find(|name| !asked.iter().any(|a| a == name)) {
            Some(name) => Err(unknown(name)),
            None => Ok(()),
        }
    }
}

pub(super) fn list<'v>(name: &str, value: &'v Value) -> Result<&'v [Value], Mismatch> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| Mismatch::unusable(format!("{name} is not a list")))
}

pub(super) fn read<T>(name: &str, value: &Value) -> Result<T, Mismatch>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    let text = scalar(value)?;
    text.parse()
        .map_err(|e| Mismatch::unusable(format!("{name}: {text:?}: {e}")))
}

pub(super) fn pips<T: TryFrom<i128>>(name: &str, value: &Value) -> Result<T, Mismatch> {
    let text = scalar(value)?;
    let raw = if text.contains('.') {
        text.parse::<Fixed<8>>()
            .map(Fixed::raw)
            .map_err(|e| e.to_string())
    } else {
        text.parse::<i128>().map_err(|e| e.to_string())
    };
    raw.and_then(|raw| T::try_from(raw).map_err(|_| "it does not fit".to_owned()))
        .map_err(|e| Mismatch::unusable(format!("{name}: {text:?}: {e}")))
}
