//! CSV and Parquet say the same, exactly.

use std::sync::OnceLock;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use plimsoll_sim::sweep::{self, Cell, Plan, RunRow, Store, Table};

fn swept() -> &'static (Plan, Vec<RunRow>) {
    static SWEPT: OnceLock<(Plan, Vec<RunRow>)> = OnceLock::new();
    SWEPT.get_or_init(|| {
        let vary = [
            "venues.0.tsunamix.threshold=0.9,0.99",
            "venues.1.execution=keepers,engine",
        ];
        let plan = super::plan(&vary, 1).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), &plan).unwrap();
        let runs = sweep::run(&plan, &store, Some(2), &|_, _| {}).unwrap();
        (plan, runs)
    })
}

/// What a reader of the Parquet file sees, as the CSV would write it.
fn shown(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Long(number) => number.to_string(),
        Field::Double(number) => number.to_string(),
        Field::Decimal(decimal) => {
            assert_eq!((decimal.precision(), decimal.scale()), (38, 18));
            let bytes: [u8; 16] = decimal.data().try_into().unwrap();
            let raw = i128::from_be_bytes(bytes);
            plimsoll_sim::scenario::Decimal::from_raw(raw).to_string()
        }
        other => panic!("{other:?}"),
    }
}

fn check_both_say_the_same(table: &Table) {
    let mut csv = Vec::new();
    table.csv(&mut csv).unwrap();
    let mut reader = csv::Reader::from_reader(&csv[..]);
    let names: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    let records: Vec<Vec<String>> = reader
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect();
    let file = tempfile::tempfile().unwrap();
    table.parquet(file.try_clone().unwrap()).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let rows: Vec<Vec<(String, String)>> = reader
        .get_row_iter(None)
        .unwrap()
        .map(|row| {
            let row = row.unwrap();
            row.get_column_iter()
                .map(|(name, field)| (name.clone(), shown(field)))
                .collect()
        })
        .collect();
    assert_eq!(rows.len(), records.len());
    assert!(!rows.is_empty());
    for (row, record) in rows.iter().zip(&records) {
        let expected: Vec<(String, String)> =
            names.iter().cloned().zip(record.iter().cloned()).collect();
        assert_eq!(*row, expected);
    }
}

#[test]
fn parquet_reads_back_as_the_csv() {
    let (plan, runs) = swept();
    check_both_say_the_same(&sweep::rows(plan, runs));
    check_both_say_the_same(&sweep::summary(plan, &sweep::point_losses(plan, runs)));
}

#[test]
fn amounts_say_their_unit_and_what_too_few_runs_cannot_say_is_empty() {
    let (plan, runs) = swept();
    let table = sweep::rows(plan, runs);
    assert_eq!(table.rows.len(), 4 * 2);
    for (name, kind) in &table.columns {
        let is_money = *kind == sweep::Kind::Money && !name.contains('.');
        assert_eq!(is_money, name.ends_with("_in_asset"), "{name}");
    }
    let summary = sweep::summary(plan, &sweep::point_losses(plan, runs));
    for (at, (name, _)) in summary.columns.iter().enumerate() {
        if name.starts_with("loss_p") {
            assert!(
                summary.rows.iter().all(|row| row[at] == Cell::None),
                "{name}"
            );
        }
    }
    let page = sweep::html(plan, runs, &sweep::point_losses(plan, runs));
    assert!(page.contains("99.9 % needs 1000 runs; 1 support at most 0 %"));
    assert!(!page.contains("://"), "the page fetches nothing");
}

/// Names from a scenario pass through escapes, and spreadsheets see no formulas.
#[test]
fn hostile_names_stay_text() {
    let mut scenario = super::tiny();
    scenario.name = "</style><script>alert(1)</script>".to_owned();
    scenario.venues.truncate(1);
    scenario.venues[0].name = "=cmd|<b>".to_owned();
    let plan = Plan::new(&scenario, Vec::new(), 1, None).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), &plan).unwrap();
    let runs = sweep::run(&plan, &store, Some(1), &|_, _| {}).unwrap();
    let page = sweep::html(&plan, &runs, &sweep::point_losses(&plan, &runs));
    assert!(!page.contains("<script>") && !page.contains("|<b>"));
    let mut csv = Vec::new();
    sweep::rows(&plan, &runs).csv(&mut csv).unwrap();
    assert!(String::from_utf8(csv).unwrap().contains(",'=cmd|<b>,"));
}
