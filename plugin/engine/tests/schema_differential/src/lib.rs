//! Nothing: the tests compare two implementations of JSON Schema.
