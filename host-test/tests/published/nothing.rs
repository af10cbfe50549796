//! Nothing: the package only names what is to be fetched.
