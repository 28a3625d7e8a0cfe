//! A table as a Parquet file: one row group, every column optional, no compression.
//!
//! Exact decimals are 16-byte `DECIMAL(38, 18)`, which common readers take for exact decimals.
//! The bytes depend on the table and on nothing else.

use std::io::Write;
use std::sync::Arc;

use ::parquet::basic::{LogicalType, Repetition, Type as Physical};
use ::parquet::data_type::{
    ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
    Int64Type,
};
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use ::parquet::schema::types::Type;

use super::{Cell, Kind, SweepError, Table};

/// Decimals of an exact number.
const SCALE: i32 = 18;
/// Its digits.
const PRECISION: i32 = 38;
/// Its bytes.
const WIDTH: i32 = 16;

pub(super) fn write(table: &Table, out: impl Write + Send) -> Result<(), SweepError> {
    let fields = table.columns.iter().map(|(name, kind)| field(name, *kind));
    let schema = Type::group_type_builder("sweep")
        .with_fields(fields.collect::<Result<_, _>>()?)
        .build()?;
    let properties = WriterProperties::builder()
        .set_created_by("plimsoll".to_owned())
        .build();
    let mut file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    for (at, (_, kind)) in table.columns.iter().enumerate() {
        let cells = || {
            table
                .rows
                .iter()
                .map(|row| row.get(at).unwrap_or(&Cell::None))
        };
        match kind {
            Kind::Text => column::<ByteArrayType, _>(&mut group, cells(), |cell| match cell {
                Cell::Text(text) => Some(ByteArray::from(text.as_str())),
                _ => None,
            })?,
            Kind::Count => column::<Int64Type, _>(&mut group, cells(), |cell| match cell {
                Cell::Count(count) => Some(*count),
                _ => None,
            })?,
            Kind::Real => column::<DoubleType, _>(&mut group, cells(), |cell| match cell {
                Cell::Real(real) => Some(*real),
                _ => None,
            })?,
            Kind::Money => {
                column::<FixedLenByteArrayType, _>(&mut group, cells(), |cell| match cell {
                    Cell::Money(money) => {
                        let bytes = money.raw().to_be_bytes().to_vec();
                        Some(FixedLenByteArray::from(ByteArray::from(bytes)))
                    }
                    _ => None,
                })?;
            }
        }
    }
    group.close()?;
    file.close()?;
    Ok(())
}

fn field(name: &str, kind: Kind) -> Result<Arc<Type>, SweepError> {
    let physical = match kind {
        Kind::Text => Physical::BYTE_ARRAY,
        Kind::Count => Physical::INT64,
        Kind::Real => Physical::DOUBLE,
        Kind::Money => Physical::FIXED_LEN_BYTE_ARRAY,
    };
    let builder =
        Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
    let builder = match kind {
        Kind::Text => builder.with_logical_type(Some(LogicalType::String)),
        Kind::Money => builder
            .with_logical_type(Some(LogicalType::decimal(SCALE, PRECISION)))
            .with_length(WIDTH)
            .with_precision(PRECISION)
            .with_scale(SCALE),
        Kind::Count | Kind::Real => builder,
    };
    Ok(Arc::new(builder.build()?))
}

/// Writes the next column; cells without a value are nulls.
fn column<'t, D: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    cells: impl Iterator<Item = &'t Cell>,
    value: impl Fn(&Cell) -> Option<D::T>,
) -> Result<(), SweepError> {
    let Some(mut writer) = group.next_column()? else {
        return Ok(());
    };
    let (mut values, mut there) = (Vec::new(), Vec::new());
    for cell in cells {
        let value = value(cell);
        there.push(i16::from(value.is_some()));
        values.extend(value);
    }
    writer
        .typed::<D>()
        .write_batch(&values, Some(&there), None)?;
    writer.close()?;
    Ok(())
}
