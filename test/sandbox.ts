/** Imported for its effect, before anything makes a repository: Git in tests knows nothing of the repository around them. */
import { leaveRepository } from "../scripts/lib/git-environment.ts";

leaveRepository("drop");
