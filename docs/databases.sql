-- Prefect keeps its own in a database of its own, and searches in it.
create database prefect;
\connect prefect
create extension if not exists pg_trgm;
