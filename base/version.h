/*
 * version.h: the version of Selvage, in one place. The Makefile reads it too.
 */
#ifndef SELVAGE_BASE_VERSION_H
#define SELVAGE_BASE_VERSION_H

#define SV_VERSION "0.1.0"

#endif
