//! The timestamp of a state as text: RFC 3339 with six digits and `Z`, written and read without a general formatter and parser.
//!
//! All states that this library writes have this form. jiff handles other years and other notations.

use std::io::{self, Write as _};

use jiff::Timestamp;

const SECONDS_A_DAY: i64 = 86_400;
/// Days from 1 January of the year 1 to 1970.
const DAYS_BEFORE_1970: i64 = 719_162;
/// Days from 1 March of the year 0, where the count of days by leap years begins, to the year 1.
const DAYS_BEFORE_YEAR_1: i64 = 306;
/// Days from the year 1 to the end of the year 9999.
const DAYS_OF_FOUR_DIGITS: i64 = 3_652_059;

/// The numbers below a hundred as two digits.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [*b"00"; 100];
    let mut number = 1;
    while number < 100 {
        let [tens, ones] = pairs[number - 1];
        pairs[number] = if ones == b'9' { [tens + 1, b'0'] } else { [tens, ones + 1] };
        number += 1;
    }
    pairs
};

/// Appends the time, always with six digits, so that all timestamps have the same length and sort as text.
pub(super) fn write(timestamp: Timestamp, into: &mut Vec<u8>) -> io::Result<()> {
    match text(timestamp) {
        Some(text) => into.write_all(&text),
        None => write!(into, "{timestamp:.6}"),
    }
}

/// Returns the text of a time in the years 1 to 9999.
fn text(timestamp: Timestamp) -> Option<[u8; 27]> {
    let (mut second, mut nanosecond) = (timestamp.as_second(), timestamp.subsec_nanosecond());
    // before 1970 both are negative
    if nanosecond < 0 {
        second -= 1;
        nanosecond += 1_000_000_000;
    }
    let day = second.div_euclid(SECONDS_A_DAY) + DAYS_BEFORE_1970;
    if !(0..DAYS_OF_FOUR_DIGITS).contains(&day) {
        return None;
    }
    let (year, month, day) = date(u32::try_from(day + DAYS_BEFORE_YEAR_1).ok()?);
    let second = u32::try_from(second.rem_euclid(SECONDS_A_DAY)).ok()?;
    let microsecond = u32::try_from(nanosecond / 1_000).ok()?;
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    for (place, number) in [
        (0, year / 100),
        (2, year % 100),
        (5, month),
        (8, day),
        (11, second / 3_600),
        (14, second / 60 % 60),
        (17, second % 60),
        (20, microsecond / 10_000),
        (22, microsecond / 100 % 100),
        (24, microsecond % 100),
    ] {
        text[place..place + 2].copy_from_slice(PAIRS.get(number as usize)?);
    }
    Some(text)
}

/// Returns the year, month and day of a day number, counted from 1 March of the year 0.
///
/// Years that begin in March end with their leap day: <https://howardhinnant.github.io/date_algorithms.html>.
fn date(day: u32) -> (u32, u32, u32) {
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (400 * era + year + later, month, day_of_month)
}

/// Parses a text in exactly the form that `write` produces. Returns `None` for any other form, which jiff may still accept.
pub(super) fn parse(text: &[u8]) -> Option<Timestamp> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', rest @ ..] = text else { return None };
    let [h0, h1, b':', n0, n1, b':', s0, s1, b'.', f0, f1, f2, f3, f4, f5, b'Z'] = rest else { return None };
    let year = 100 * number(*y0, *y1, 99)? + number(*y2, *y3, 99)?;
    let month = number(*m0, *m1, 12)?;
    let day = number(*d0, *d1, days_of(year, month)?)?;
    let minutes = 60 * number(*h0, *h1, 23)? + number(*n0, *n1, 59)?;
    let second = 60 * minutes + number(*s0, *s1, 59)?;
    let microsecond = 10_000 * number(*f0, *f1, 99)? + 100 * number(*f2, *f3, 99)? + number(*f4, *f5, 99)?;
    if day == 0 {
        return None;
    }
    let days = days(year, month, day) - DAYS_BEFORE_YEAR_1 - DAYS_BEFORE_1970;
    Timestamp::new(days * SECONDS_A_DAY + second, i32::try_from(1_000 * microsecond).ok()?).ok()
}

/// Parses two digits as a number that is at most `most`.
fn number(tens: u8, ones: u8, most: i64) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    let number = i64::from(tens) * 10 + i64::from(ones);
    (tens < 10 && ones < 10 && number <= most).then_some(number)
}

fn days_of(year: i64, month: i64) -> Option<i64> {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => Some(29),
        2 => Some(28),
        _ => None,
    }
}

/// Returns the day number, counted from 1 March of the year 0: the inverse of [`date`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(timestamp: Timestamp) -> String {
        let mut text = Vec::new();
        assert!(write(timestamp, &mut text).is_ok());
        String::from_utf8_lossy(&text).into_owned()
    }

    fn any_timestamp() -> impl Strategy<Value = Timestamp> {
        let range = Timestamp::MIN.as_microsecond()..=Timestamp::MAX.as_microsecond();
        (range, -999..=999_i64).prop_filter_map("out of range", |(microsecond, nanosecond)| {
            let nanoseconds = i128::from(microsecond) * 1_000 + i128::from(nanosecond);
            Timestamp::from_nanosecond(nanoseconds).ok()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn a_time_is_written_as_jiff_writes_it(timestamp in any_timestamp()) {
            prop_assert_eq!(written(timestamp), format!("{timestamp:.6}"));
        }

        #[test]
        fn a_time_of_four_digits_is_read_as_jiff_reads_it(timestamp in any_timestamp()) {
            let text = format!("{timestamp:.6}");
            prop_assert_eq!(parse(text.as_bytes()), if text.len() == 27 { text.parse().ok() } else { None });
        }

        #[test]
        fn what_jiff_refuses_is_not_read(
            (year, month, day) in (0..=9_999, 0..=13, 0..=32),
            (hour, minute, second, microsecond) in (0..=25, 0..=61, 0..=59, 0..=999_999),
        ) {
            let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{microsecond:06}Z");
            prop_assert_eq!(parse(text.as_bytes()), text.parse().ok(), "{}", text);
        }

        #[test]
        fn one_other_letter_is_read_as_jiff_reads_it_or_not_at_all(place in 0..27_usize, letter in any::<char>()) {
            let text = written(Timestamp::UNIX_EPOCH);
            let text = format!("{}{letter}{}", &text[..place], &text[place + 1..]);
            if let Some(timestamp) = parse(text.as_bytes()) {
                prop_assert_eq!(Ok(timestamp), text.parse().map_err(|_| text));
            }
        }
    }

    #[test]
    fn the_turns_of_years_and_leap_days_are_written_and_read() {
        for text in [
            "0001-01-01T00:00:00.000000Z",
            "0004-02-29T23:59:59.999999Z",
            "1600-02-29T00:00:00.000000Z",
            "1900-02-28T23:59:59.999999Z",
            "1900-03-01T00:00:00.000000Z",
            "1969-12-31T23:59:59.999999Z",
            "1970-01-01T00:00:00.000000Z",
            "1999-12-31T23:59:59.999999Z",
            "2000-02-29T00:00:00.000000Z",
            "2000-12-31T23:59:59.999999Z",
            "9999-12-30T22:00:00.999999Z",
        ] {
            let timestamp = text.parse().ok();
            assert_eq!(parse(text.as_bytes()), timestamp);
            assert_eq!(timestamp.map(written).as_deref(), Some(text));
        }
        // jiff accepts a leap second
        assert_eq!(parse(b"2016-12-31T23:59:60.000000Z"), None);
    }
}
