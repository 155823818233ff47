/*
 * deploy_project.h: a project's folder for `selvage deploy`.
 */
#ifndef SELVAGE_CLI_DEPLOY_PROJECT_H
#define SELVAGE_CLI_DEPLOY_PROJECT_H

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

/*
 * Append the files of `folder` as a tar archive to `archive`; `*language` is what they are in,
 * which `name` says if it is not "auto".
 */
SV_MUST_USE bool project_pack(const char *folder, const char *name, struct buffer *archive,
		const char **language, struct sv_error *error);

#endif
